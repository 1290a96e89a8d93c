namespace EdgeML.Native.Control.Estimation;

/// <summary>Constants of the estimators, with units and reasons; docs/reference/control.md lists them beside its equations.</summary>
static class EstimationDefaults
{
    // Device speed filter, equations 25 to 29.

    /// <summary>Standard deviation of a profile's error that the whole device shares, as a share of the time.</summary>
    public const double SharedError = 0.06;

    /// <summary>Standard deviation of a profile's error of one range alone, as a share of its time.</summary>
    public const double OwnError = 0.04;

    /// <summary>Standard deviation of the drift of a speed factor from one task to the next.</summary>
    public const double SpeedDrift = 0.001;

    /// <summary>An error beyond this many standard deviations is a new level; noise reaches it about never.</summary>
    public const double NewLevelDeviations = 6;

    /// <summary>Standard deviation of a computing time before any task, as a share.</summary>
    public const double AssumedJitter = 0.05;

    /// <summary>Least variance of a computing time, as a share squared (1 %): the filter must not become certain.</summary>
    public const double LeastJitterSquare = 1e-4;

    /// <summary>Largest squared error that counts as jitter, as a share squared (20 %).</summary>
    public const double MostJitterSquare = 0.04;

    /// <summary>Least weight of one task in the jitter: about the last fifty count.</summary>
    public const double JitterWeight = 0.02;

    /// <summary>Tasks that the assumed jitter counts as.</summary>
    public const int JitterPriorTasks = 20;

    /// <summary>Range of a speed factor: beyond, a measurement is wrong.</summary>
    public const double LeastSpeedFactor = 0.02, MostSpeedFactor = 50;

    /// <summary>Computing times below this are not learned from, milliseconds: clocks are no better.</summary>
    public const double LeastComputeMs = 0.01;

    // Latency predictor, equations 23 and 24.

    /// <summary>Standard deviation of a computing time until the filter is first read, as a share.</summary>
    public const double AssumedEdgeSpread = 0.08;

    /// <summary>Mean squared error of round trip, tail and waiting before any answer, square milliseconds (2 ms).</summary>
    public const double AssumedRemoteSquare = 4;

    /// <summary>Least weight of one answer in that error: about the last twenty count.</summary>
    public const double RemoteWeight = 0.05;

    /// <summary>Answers that the assumed error counts as.</summary>
    public const int RemotePriorAnswers = 5;

    /// <summary>Errors are limited to this many root mean squares plus <see cref="RemoteLimitMs"/>.</summary>
    public const double RemoteLimitDeviations = 3;

    /// <summary>Added to that limit, milliseconds.</summary>
    public const double RemoteLimitMs = 1;

    /// <summary>Milliseconds on the wire from which a lost transfer tells anything about the rate.</summary>
    public const double LeastWireMs = 1;

    /// <summary>Least rate taken from a lost transfer, bits per second.</summary>
    public const double LeastLateRate = 1000;

    // Uplink rate predictor, equations 20 to 22.

    /// <summary>Rate before any measurement, octaves of kbit/s: 10 Mbit/s.</summary>
    public const double AssumedOctave = 13.3;

    /// <summary>Weight of the assumed rate, in seconds of observation: almost none.</summary>
    public const double AssumedSeconds = 0.1;

    /// <summary>Octaves from the last measurement that call for a new plan: a third more or a quarter less.</summary>
    public const double FarOctaves = 0.4;

    /// <summary>Seconds after which an observation counts e times less: conditions of a moving device last about a minute.</summary>
    public const double MemorySeconds = 60;

    /// <summary>Exponent of the likelihoods: successive measurements are correlated, so each counts as a third of one.</summary>
    public const double Temper = 0.3;

    /// <summary>Least weight of an expert, so that another one can take over.</summary>
    public const double LeastExpertWeight = 0.002;

    /// <summary>Factor on earlier returns at each new one: about the last ten count.</summary>
    public const double ReturnsKept = 0.9;

    /// <summary>Share of the uniform density in where the link has been: nothing is impossible.</summary>
    public const double UniformShare = 0.05;

    /// <summary>Seconds to the last measurement of which the spread takes account at most.</summary>
    public const double MostSpreadSeconds = 4;

    /// <summary>Added to those seconds: two transfers in a row differ a little.</summary>
    public const double LeastSpreadSeconds = 0.05;

    /// <summary>Seconds within which a prepared distribution still holds.</summary>
    public const double SameMomentSeconds = 1e-4;

    /// <summary>Standard deviations of a stay beyond which its probability is 0 or 1.</summary>
    public const double StayDeviations = 4;

    /// <summary>Largest squared number of deviations in a density: its exponential must not become 0.</summary>
    public const double MostSquaredDeviations = 200;

    /// <summary>Cells on each side of a rate that its density by the history is averaged over: about a fifth more and less.</summary>
    public const int HistoryReach = 2;

    /// <summary>Share of a measurement in its own cell and in each of the two beside it.</summary>
    public const double OwnCellShare = 0.5, NextCellShare = 0.25;

    /// <summary>Seconds that one measurement counts as in the history, least and most.</summary>
    public const double LeastObservedSeconds = 0.02, MostObservedSeconds = 1;

    // Link estimator, equations 18 and 19.

    /// <summary>Weight of a new value in the means of the rate, of the round-trip time and of the tail's speed.</summary>
    public const double RateWeight = 0.4, RttWeight = 0.3, TailWeight = 0.3;

    /// <summary>Ratio to the mean from which a value is a new level: rate, round-trip time, tail's speed.</summary>
    public const double RateJump = 1.35, RttJump = 2, TailJump = 1.5;

    /// <summary>Round trips below this are no new level, milliseconds.</summary>
    public const double LeastRttJumpMs = 5;

    /// <summary>Seconds after which a bad experience counts only half, unless something newer is known.</summary>
    public const double ForgetSeconds = 5;

    /// <summary>Round trips and times of the tail are learned from above this, milliseconds: clocks are no better.</summary>
    public const double LeastMeasuredMs = 0.01;

    /// <summary>Seconds for which a round trip measured by a task counts more than the client's, which takes the least of several.</summary>
    public const double RttSeconds = 2;

    /// <summary>Uplink rate before any measurement, bits per second.</summary>
    public const double AssumedRate = 10e6;

    /// <summary>Least weight of a measurement in the usual rate: about the last fifty count.</summary>
    public const double UsualRateWeight = 0.02;

    /// <summary>Weight of a new waiting time.</summary>
    public const double QueueWeight = 0.5;

    /// <summary>A waiting time above <see cref="LeastQueueJumpMs"/> that is this many times the mean replaces it.</summary>
    public const double QueueJump = 3;

    /// <summary>Milliseconds; shorter waits are no new level.</summary>
    public const double LeastQueueJumpMs = 1;

    /// <summary>Factor on the rate after a transfer that was lost.</summary>
    public const double LostRateFactor = 0.5;

    /// <summary>Seconds by which a report must be newer to count as another measurement.</summary>
    public const double SameMeasurementSeconds = 0.01;

    // Online calibration, equations 30 and 31.

    /// <summary>Weight of one task in the difficulty: about the last 25 count.</summary>
    public const double MixWeight = 0.04;

    /// <summary>Bins of an exit's entropy.</summary>
    public const int EntropyBins = 16;

    /// <summary>Share of the uniform likelihood: inputs drift beyond the calibration.</summary>
    public const double UnseenShare = 0.02;

    /// <summary>Range of the probability that an input of a stratum leaves at a given exit: samples are few, so nothing is certain.</summary>
    public const double LeastExitChance = 0.01, MostExitChance = 0.99;

    /// <summary>Likelihood of an observation, over all strata, from which it tells anything about the difficulty.</summary>
    public const double LeastLikelihood = 1e-9;

    /// <summary>Least latency that an error is relative to, milliseconds; keeps a division finite.</summary>
    public const double LeastExpectedMs = 1e-3;

    /// <summary>Least total weight that all strata share equally, so that a stratum can return.</summary>
    public const double LeastMix = 0.002;

    /// <summary>Weight and jump ratio of the edge's speed and energy.</summary>
    public const double FactorWeight = 0.1, FactorJump = 1.5;

    /// <summary>Tasks without overhead that the mean overhead of local answers starts from. Remote answers start from none.</summary>
    public const int LocalOverheadPriorTasks = 4;

    /// <summary>Mean relative error of a latency before any task, its weight, and its most.</summary>
    public const double AssumedLatencyError = 0.05, LatencyErrorWeight = 0.05, MostLatencyError = 0.1;

    /// <summary>The margin is this many mean errors.</summary>
    public const double MarginErrors = 2;

    /// <summary>Range of the margins, as a share of the bound.</summary>
    public const double LeastLocalMargin = 0.02, LeastRemoteMargin = 0.03, MostMargin = 0.1;

    /// <summary>Margin on the energy bound once tasks run, as a share of it.</summary>
    public const double EnergyMargin = 0.02;

    /// <summary>An answer within this many milliseconds after the standby exit was ready may have been there before.</summary>
    public const double ConcurrentAnswerMs = 1;

    // Chance of a try, equation 17.

    /// <summary>Prior variance of the correction, log odds squared.</summary>
    public const double ChancePriorVariance = 0.3;

    /// <summary>Least variance of the correction, so that it follows changes.</summary>
    public const double ChanceLeastVariance = 0.05;

    /// <summary>Chances are limited to this distance from 0 and 1: nothing is certain enough to learn nothing from.</summary>
    public const double LeastChance = 0.02;
}
