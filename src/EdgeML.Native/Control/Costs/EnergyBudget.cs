using EdgeML.Native.Control.Observations;
using EdgeML.Native.Numerics;

namespace EdgeML.Native.Control.Costs;

/// <summary>The energy that the next interval may spend so that the state interval it completes stays inside the bound.</summary>
/// <remarks>
/// Energy is averaged over the last q intervals, so the coming one answers for the q - 1 before it. With those known, only the coming
/// tasks are uncertain; planning with the remaining energy holds the bound with far less reserve than planning for the mean.
/// </remarks>
sealed class EnergyBudget
{
    readonly (double Joules, int Tasks)[] _closed = new (double, int)[ControlIntervals.StateIntervals - 1];
    (double Joules, int Tasks) _open;
    int _next;

    public void Spend(double joules) => _open = (_open.Joules + joules, _open.Tasks + 1);

    public void CloseInterval()
    {
        if (_open.Tasks == 0) return;
        _closed[_next] = _open;
        _next = (_next + 1) % _closed.Length;
        _open = default;
    }

    /// <summary>Forgets the spent energy; new bounds start a new state interval.</summary>
    public void Clear()
    {
        Array.Clear(_closed);
        _open = default;
    }

    /// <summary>Joules per task the next interval may spend, as a share of the bound.</summary>
    /// <param name="boundJ">E_usr.</param>
    /// <param name="tasksAhead">Tasks the next interval will have.</param>
    public double Level(double boundJ, int tasksAhead = ControlIntervals.MaxInterval)
    {
        if (double.IsPositiveInfinity(boundJ)) return 1;
        (double spent, int tasks) = (0, 0);
        foreach ((double joules, int count) in _closed) (spent, tasks) = (spent + joules, tasks + count);
        double left = ((boundJ * (tasks + tasksAhead)) - spent) / (tasksAhead * boundJ);
        return Math.Clamp(left > 1 ? 1 + (CostDefaults.SavingsShare * (left - 1)) : left, CostDefaults.LeastLevel, CostDefaults.MostLevel); // (34)
    }

    /// <summary>Whether the open interval should be closed now, while the state interval it completes is inside the bound: its verdict is
    /// for all its tasks, and continuing may end outside.</summary>
    /// <param name="boundJ">E_usr.</param>
    /// <param name="expectedJ">Expected energy of a further task.</param>
    /// <param name="spreadJ">The standard deviation of that.</param>
    public bool ShouldClose(double boundJ, double expectedJ, double spreadJ)
    {
        if (double.IsPositiveInfinity(boundJ) || _open.Tasks == 0) return false;
        (double spent, int tasks) = _open;
        foreach ((double joules, int count) in _closed) (spent, tasks) = (spent + joules, tasks + count);
        double slack = (boundJ * tasks) - spent;
        int left = ControlIntervals.MaxInterval - _open.Tasks;
        if (slack < 0 || left <= 0) return false;
        double spread = Math.Max(spreadJ, CostDefaults.LeastEnergySpread * boundJ);
        return slack + (left * (boundJ - expectedJ)) < CostDefaults.ClosingDeviations * spread * Math.Sqrt(left); // (35)
    }

    /// <summary>Whether the open interval should be given up now: it is outside the bound, and its remaining tasks will hardly bring it
    /// back. Those of its tasks that ran are lost; the others may come out inside under another plan.</summary>
    /// <param name="boundJ">E_usr.</param>
    /// <param name="expectedJ">Expected energy of a further task.</param>
    /// <param name="spreadJ">The standard deviation of that.</param>
    public bool IsLost(double boundJ, double expectedJ, double spreadJ)
    {
        if (double.IsPositiveInfinity(boundJ) || _open.Tasks == 0) return false;
        (double spent, int tasks) = _open;
        // The expectation counts as much as this many measured tasks.
        expectedJ = ((CostDefaults.ExpectationTasks * expectedJ) + spent) / (CostDefaults.ExpectationTasks + tasks);
        foreach ((double joules, int count) in _closed) (spent, tasks) = (spent + joules, tasks + count);
        double slack = (boundJ * tasks) - spent;
        int left = ControlIntervals.MaxInterval - _open.Tasks;
        if (slack >= 0 || left <= 0) return false;
        double spread = Math.Max(spreadJ, CostDefaults.LeastEnergySpread * boundJ) * Math.Sqrt(left);
        double chance = NormalDistribution.Cdf((slack + (left * (boundJ - expectedJ))) / spread);
        return chance * ControlIntervals.MaxInterval < left * CostDefaults.SavedShare; // (36)
    }
}
