namespace EdgeML.Training.Data;

/// <summary>Sine and cosine by polynomials: the platform's own differ in the last bit from one system to the next.</summary>
static class PortableTrigonometry
{
    /// <summary>Sine and cosine of an angle given in whole turns, to about 1e-6.</summary>
    public static (float Sine, float Cosine) SinCos(float turns)
    {
        double quarter = (turns - Math.Floor(turns)) * 4;
        int quadrant = (int)quarter;
        double angle = (quarter - quadrant - 0.5) * (Math.PI / 2);
        double square = angle * angle;
        double sine = angle * (1 - (square / 6 * (1 - (square / 20 * (1 - (square / 42 * (1 - (square / 72))))))));
        double cosine = 1 - (square / 2 * (1 - (square / 12 * (1 - (square / 30 * (1 - (square / 56)))))));
        // The polynomial's centre is the middle of the quadrant, 1/8 turn on.
        const double Diagonal = 0.70710678118654752;
        (sine, cosine) = (Diagonal * (sine + cosine), Diagonal * (cosine - sine));
        (sine, cosine) = quadrant switch { 0 => (sine, cosine), 1 => (cosine, -sine), 2 => (-sine, -cosine), _ => (-cosine, sine) };
        return ((float)sine, (float)cosine);
    }
}
