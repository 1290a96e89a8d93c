namespace EdgeML.Native.Control.Costs;

/// <summary>Running mean of the answers' time without computing and sending. An outlier counts only if the next value is one, too: a
/// single task may have waited for the system.</summary>
/// <param name="priorTasks">As how many tasks without any overhead the start counts.</param>
struct Overhead(int priorTasks)
{
    double _outlier = double.NaN;
    int _count;

    /// <summary>The mean, milliseconds.</summary>
    public double Ms { get; private set; }

    /// <summary>Takes a value.</summary>
    /// <param name="ms">A task's time without computing and sending.</param>
    /// <param name="answerMs">The expected total time of its answer.</param>
    public void Learn(double ms, double answerMs)
    {
        if (!double.IsFinite(ms)) return;
        double value = Math.Clamp(ms, 0, CostDefaults.MostOverheadMs);
        if (value > Ms + (CostDefaults.OutlierShare * answerMs) + CostDefaults.LeastOutlierMs)
        {
            double before = _outlier;
            _outlier = value;
            if (double.IsNaN(before)) return;
            value = Math.Min(value, before);
        }
        else
        {
            _outlier = double.NaN;
        }
        _count++;
        Ms += Math.Max(CostDefaults.OverheadWeight, 1.0 / (priorTasks + _count)) * (value - Ms); // (32)
    }
}
