namespace EdgeML.Native.Control.Costs;

/// <summary>Running mean of what answers take beside computing and sending, from 0 on. A value far above it counts only together with the
/// next one: one task that waited for the system is no belief.</summary>
/// <param name="priorTasks">As how many tasks without any overhead the start counts.</param>
struct Overhead(int priorTasks)
{
    const double Weight = 0.05;

    /// <summary>From how much above the mean on a value is far, as a share of what the answer takes.</summary>
    const double FarShare = 2;

    const double MostMs = 1000, LeastFarMs = 0.05;

    double _far = double.NaN;
    int _count;

    /// <summary>The mean, milliseconds.</summary>
    public double Ms { get; private set; }

    /// <summary>Takes a value.</summary>
    /// <param name="ms">What a task took beside computing and sending.</param>
    /// <param name="answerMs">What its answer was expected to take in all.</param>
    public void Learn(double ms, double answerMs)
    {
        if (!double.IsFinite(ms)) return;
        double value = Math.Clamp(ms, 0, MostMs);
        if (value > Ms + (FarShare * answerMs) + LeastFarMs)
        {
            double before = _far;
            _far = value;
            if (double.IsNaN(before)) return;
            value = Math.Min(value, before);
        }
        else
        {
            _far = double.NaN;
        }
        _count++;
        Ms += Math.Max(Weight, 1.0 / (priorTasks + _count)) * (value - Ms);
    }
}
