using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Control.Costs;

/// <summary>Stands in for a calibration that a package lacks.</summary>
/// <remarks>
/// Inputs have difficulty d spread evenly over 0..1, and exit j of J reports the entropy d^(j / 2), so later exits are surer. The
/// accuracy of a side exit is not known, so a plan must not count on it: it is taken to be right for a share j / 2J of the inputs, whatever its
/// entropy, and the whole network for all. Then no exit answers while the whole network is expected inside the bounds, and the deepest
/// that is in time, for as few inputs as it takes, where it is not. None of these numbers is ever shown.
/// </remarks>
static class NeutralPrior
{
    const int Samples = CostDefaults.PriorSamples;

    /// <summary>The golden ratio less one: its multiples modulo 1 are spread evenly and leave no gaps.</summary>
    const double GoldenRatio = 0.6180339887498949;

    /// <param name="exits">Of the model.</param>
    /// <param name="rule">Of its exits: one that can never answer has an entropy that no threshold is above.</param>
    public static ExitCalibration Create(int exits, ExitRule rule = default)
    {
        var entropies = new float[Samples * exits];
        var correct = new bool[Samples * exits];
        for (int i = 0; i < Samples; i++)
        {
            double difficulty = (i + 0.5) / Samples;
            for (int exit = 1; exit <= exits; exit++)
            {
                entropies[(i * exits) + exit - 1] = exit <= rule.FirstAble && exit < exits ? SampleSet.Never : (float)Math.Pow(difficulty, exit / CostDefaults.PriorExitsPerPower);
                // Right answers are spread evenly over all difficulties.
                double place = ((i * GoldenRatio) + (exit * CostDefaults.PriorExitShift)) % 1;
                correct[(i * exits) + exit - 1] = exit == exits || place < CostDefaults.PriorSideAccuracy * exit / exits;
            }
        }
        return new ExitCalibration(exits, entropies, correct, "neutral prior", labelled: false) { Rule = rule };
    }
}
