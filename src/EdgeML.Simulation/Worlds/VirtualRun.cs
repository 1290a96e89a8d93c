using EdgeML.Native.Control.Loop;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;

namespace EdgeML.Simulation.Worlds;

/// <summary>The results of a virtual run.</summary>
public sealed class VirtualRun
{
    internal VirtualRun(
        TaskRecord[] records, bool[] correct, bool[] satisfied, ControlCounters control, IReadOnlyList<VirtualDecision> decisions) =>
        (Records, Correct, Satisfied, Control, Decisions) = (records, correct, satisfied, control, decisions);

    /// <summary>The tasks in order; one that found the queue full was not run and has exit 0.</summary>
    public IReadOnlyList<TaskRecord> Records { get; }

    /// <summary>Whether each was answered right.</summary>
    public IReadOnlyList<bool> Correct { get; }

    /// <summary>Whether each was inside both bounds: its own latency, and the energy of its state interval.</summary>
    public IReadOnlyList<bool> Satisfied { get; }

    /// <summary>Every policy that was executed, in order.</summary>
    public IReadOnlyList<VirtualDecision> Decisions { get; }

    /// <summary>Counts of control.</summary>
    public ControlCounters Control { get; }

    /// <summary>Share of satisfied tasks.</summary>
    public double Satisfaction => Share(0, Records.Count, i => Satisfied[i]);

    /// <summary>Share of right answers.</summary>
    public double Accuracy => Share(0, Records.Count, i => Correct[i]);

    /// <summary>Share of tasks right and satisfied.</summary>
    public double Goodput => GoodputOf(0, Records.Count);

    /// <summary>Mean joules per task.</summary>
    public double EnergyJ => Records.Average(record => record.EnergyJ);

    /// <summary>Mean latency, milliseconds.</summary>
    public double LatencyMs => Records.Where(record => record.Exit > 0).Average(record => record.LatencyMs);

    /// <summary>Satisfaction of the tasks from one index to before another.</summary>
    public double SatisfactionOf(int from, int to) => Share(from, to, i => Satisfied[i]);

    /// <summary>Goodput of the tasks from one index to before another.</summary>
    public double GoodputOf(int from, int to) => Share(from, to, i => Satisfied[i] && Correct[i]);

    /// <summary>Tasks from an index to the first of five satisfied in a row; -1 when there are none.</summary>
    public int TasksUntilMet(int from)
    {
        int run = 0;
        for (int i = from; i < Records.Count; i++)
        {
            run = Satisfied[i] ? run + 1 : 0;
            if (run == 5) return i - 4 - from;
        }
        return -1;
    }

    static double Share(int from, int to, Func<int, bool> holds) => Enumerable.Range(from, to - from).Count(holds) / (double)(to - from);
}

/// <summary>A decision of a virtual run, and where its action interval begins.</summary>
/// <param name="FirstTask">Index of the first task executed under it.</param>
/// <param name="Explanation">Choice, expectation and reason.</param>
public readonly record struct VirtualDecision(int FirstTask, DecisionExplanation Explanation);
