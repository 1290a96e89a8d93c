using EdgeML.Native.Control.Observations;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Learning;

/// <summary>The reward of a state interval: the mean exit where both bounds hold, a penalty for the excess otherwise.</summary>
/// <remarks>Accuracy cannot be seen without labels; a deeper exit stands for it.</remarks>
/// <param name="options">Which reading of the paper.</param>
/// <param name="sideExits">N.</param>
sealed class RewardFunction(RewardOptions options, int sideExits)
{
    public double Reward(in Observation observation)
    {
        double latency = observation.LatencyMs, latencyBound = observation.Requirements.LatencyMs;
        double energy = observation.EnergyJ, energyBound = observation.Requirements.EnergyJ;
        bool inTime = options.EqualityInside ? latency <= latencyBound : latency < latencyBound;
        bool affordable = options.EqualityInside ? energy <= energyBound : energy < energyBound;
        if (options.Smooth)
        {
            if (inTime && affordable) return 0.5 + (0.5 * MeanExit(observation) / (sideExits + 1));
            return -Arc(4 * (Math.Max(0, RelativeExcess(latency, latencyBound)) + Math.Max(0, RelativeExcess(energy, energyBound))));
        }
        if (inTime && affordable) return Success(MeanExit(observation)); // (39)
        bool late = latency > latencyBound, dear = energy > energyBound;
        if (late && dear) return -options.BothViolated;
        // A mean exactly on its bound is neither a success nor an excess.
        if (late) return -Arc(options.Relative ? RelativeExcess(latency, latencyBound) : (latency - latencyBound) / 1000);
        if (dear) return -Arc(options.Relative ? RelativeExcess(energy, energyBound) : energy - energyBound);
        return 0;
    }

    double MeanExit(in Observation observation)
    {
        double mean = options.AllTasks ? observation.MeanExit : observation.MeanExitSatisfied;
        return !double.IsNaN(mean) ? mean : options.FirstExitWithoutSatisfied ? 1 : 0;
    }

    double Success(double meanExit) => options.Scale switch
    {
        ExitRewardScale.Index => meanExit,
        ExitRewardScale.SquaredShare => meanExit / (sideExits + 1) * (meanExit / (sideExits + 1)),
        _ => meanExit / (sideExits + 1),
    };

    static double RelativeExcess(double value, double bound) => (value - bound) / bound;

    static double Arc(double excess) => 2 / Math.PI * Math.Atan(excess);
}
