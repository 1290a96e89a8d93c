namespace EdgeML.Simulation.Baselines;

/// <summary>Evenly spread directions on the unit simplex (Das and Dennis 1998).</summary>
static class ReferenceDirections
{
    /// <summary>C(objectives + divisions - 1, divisions) directions, side by side; each sums to 1.</summary>
    public static double[] DasDennis(int objectives, int divisions)
    {
        var directions = new List<double>();
        var parts = new int[objectives];
        void Split(int at, int left)
        {
            if (at == objectives - 1)
            {
                parts[at] = left;
                foreach (int part in parts) directions.Add((double)part / divisions);
                return;
            }
            for (int part = 0; part <= left; part++)
            {
                parts[at] = part;
                Split(at + 1, left - part);
            }
        }
        Split(0, divisions);
        return [.. directions];
    }
}
