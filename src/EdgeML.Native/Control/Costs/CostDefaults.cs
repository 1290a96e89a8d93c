namespace EdgeML.Native.Control.Costs;

/// <summary>Constants of the cost model, the exit statistics and the energy budget, with units and reasons. docs/reference/control.md lists them.</summary>
static class CostDefaults
{
    // Deadline of a standby exit, equation 12.

    /// <summary>Share of the bound reserved for handing an answer on.</summary>
    public const double HandOverShare = 0.01;

    /// <summary>Least reserve, milliseconds: a thread takes about that long to wake up.</summary>
    public const double LeastHandOverMs = 1;

    /// <summary>Largest reserve as a share of the bound: a bound of a few milliseconds must leave time to compute.</summary>
    public const double MostHandOverShare = 0.1;

    /// <summary>A late waker is allowed for by at most the bound divided by this.</summary>
    public const double OvershootDivisor = 10;

    // Margins of the planner, equation 3, and the energy ramp, equation 7.

    /// <summary>Margin on the latency bound, as a share of it, before anything is measured. The profile's error is of that size.</summary>
    public const double AssumedMargin = 0.1;

    /// <summary>Margin on the energy bound, as a share of it, before anything is measured: energy follows the declared power model.</summary>
    public const double AssumedEnergyMargin = 0.05;

    /// <summary>Tasks of a full state interval: three intervals of five.</summary>
    public const double AssumedWindowTasks = 15;

    /// <summary>Standard deviations from certain failure to certain success. A straight line over three follows the normal distribution
    /// closely enough and costs a division.</summary>
    public const double EnergyRamp = 3;

    /// <summary>Least margin as a share of the bound; keeps a division finite.</summary>
    public const double LeastMargin = 1e-6;

    /// <summary>Slowest rate considered, bits per second; keeps transfer times finite.</summary>
    public const double MinimumRate = 1000;

    // Probability of being in time, equations 4 and 5.

    /// <summary>Least standard deviation of a latency, milliseconds: timers and wake-ups are no better.</summary>
    public const double LeastSpreadMs = 0.1;

    /// <summary>Probability above which an answer is certainly in time; saves two of three evaluations.</summary>
    public const double SurelySent = 0.999;

    /// <summary>Probability below which an answer has no chance.</summary>
    public const double HardlySent = 0.001;

    // Calibration of the exits.

    /// <summary>Calibration samples used at most: the counting stays at some ten milliseconds.</summary>
    public const int MaxSamples = 1024;

    /// <summary>Lost answers that the samples may not have shown, added to a session's samples: none seen among N still allows a few
    /// N-ths.</summary>
    public const int UnseenLosses = 2;

    /// <summary>Least accuracy of the whole network that losses of a bottleneck are divided by.</summary>
    public const double LeastAccuracy = 0.1;

    /// <summary>Threshold vectors at most where there are more than three side exits; scoring them all takes some ten microseconds.</summary>
    public const int MaxGridPoints = 1500;

    /// <summary>Side exits up to which every combination of levels is scored; with four there would be twenty thousand.</summary>
    public const int MaxFullGridExits = 3;

    /// <summary>Prices of a whole path, in accuracy, under which threshold vectors are looked for where the full grid is too large: the first,
    /// the end, and the factor between them. Ten prices.</summary>
    public const double FirstPrice = 0.005, EndPrice = 3, PriceStep = 1.9;

    /// <summary>The search starts at this fraction of the levels, one third: most inputs have low entropies.</summary>
    public const int StartLevelDivisor = 3;

    /// <summary>Times that the search goes through all exits.</summary>
    public const int GridSweeps = 2;

    /// <summary>Least cost of a whole path, milliseconds, that prices are relative to; keeps a division finite.</summary>
    public const double LeastPathMs = 1e-9;

    // Neutral prior.

    /// <summary>Samples of the neutral prior: enough that shares are exact to half a percent.</summary>
    public const int PriorSamples = 256;

    /// <summary>Exits by which the exponent of an input's entropy grows by one: later exits are surer.</summary>
    public const double PriorExitsPerPower = 2;

    /// <summary>Share of right answers that side exits approach towards the end of the network: no plan may count on one.</summary>
    public const double PriorSideAccuracy = 0.5;

    /// <summary>Shift of right answers from one exit to the next, as a share of the samples, so that exits do not err on the same ones.</summary>
    public const double PriorExitShift = 0.37;

    // Checks and limits of divisions.

    /// <summary>Times of a profile from this on are refused, milliseconds: eleven days.</summary>
    public const double EndProfileMs = 1e9;

    /// <summary>Added to the standard deviation of energy, joules; keeps a division finite.</summary>
    public const double LeastSpreadJ = 1e-12;

    // Energy budget, equations 34 to 36.

    /// <summary>Share of savings that is spent at once; the rest waits for a hard input.</summary>
    public const double SavingsShare = 0.5;

    /// <summary>Least level of the budget, as a share of the bound: below that no plan differs.</summary>
    public const double LeastLevel = 0.3;

    /// <summary>Largest level of the budget, as a share of the bound.</summary>
    public const double MostLevel = 1.5;

    /// <summary>Least standard deviation of one task's energy, as a share of the bound: computing times jitter.</summary>
    public const double LeastEnergySpread = 0.05;

    /// <summary>Tasks that the expectation counts as when it is averaged with tasks that ran: inputs may just have turned.</summary>
    public const int ExpectationTasks = 4;

    /// <summary>Share of the tasks of a given-up interval that end inside the bound under another plan.</summary>
    public const double SavedShare = 0.8;

    /// <summary>Standard deviations by which the rest of an interval must stay inside for it to continue.</summary>
    public const double ClosingDeviations = 2;

    // Overhead of answers, equation 32.

    /// <summary>Least weight of one task in the mean overhead: about the last twenty count.</summary>
    public const double OverheadWeight = 0.05;

    /// <summary>An overhead this many expected latencies above the mean is an outlier.</summary>
    public const double OutlierShare = 2;

    /// <summary>Added to the outlier limit, milliseconds, for answers of microseconds.</summary>
    public const double LeastOutlierMs = 0.05;

    /// <summary>Largest overhead believed, milliseconds.</summary>
    public const double MostOverheadMs = 1000;
}
