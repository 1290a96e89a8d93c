using EdgeML.Native.Models;

namespace EdgeML.Native.Control;

/// <summary>Stands in for a calibration that a package lacks.</summary>
/// <remarks>
/// Inputs have difficulty d spread evenly over 0..1. Exit j of J reports the entropy d^(j / 2), so later exits are surer, and is right
/// where d &lt; 0.5 + 0.45 j / J. Only the shape matters: deeper is better and costs more. Observed exits take over from there.
/// </remarks>
static class NeutralPrior
{
    const int Samples = 256;

    public static ExitCalibration Create(int exits)
    {
        var entropies = new float[Samples * exits];
        var correct = new bool[Samples * exits];
        for (int i = 0; i < Samples; i++)
        {
            double difficulty = (i + 0.5) / Samples;
            for (int exit = 1; exit <= exits; exit++)
            {
                entropies[(i * exits) + exit - 1] = (float)Math.Pow(difficulty, exit / 2.0);
                correct[(i * exits) + exit - 1] = difficulty < 0.5 + (0.45 * exit / exits);
            }
        }
        return new ExitCalibration(exits, entropies, correct, "neutral prior", labelled: false);
    }
}
