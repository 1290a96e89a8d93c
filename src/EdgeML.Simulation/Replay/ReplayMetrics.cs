namespace EdgeML.Simulation.Replay;

/// <summary>The results of a run, or of several pooled. NaN where there is none.</summary>
/// <remarks>Lost tasks count as neither satisfied nor right in satisfaction and goodput; accuracy, latency and energy are of tasks that
/// ran.</remarks>
public sealed record ReplayMetrics
{
    /// <summary>Share of tasks whose own latency is inside its bound and whose state interval's mean energy is inside its bound.</summary>
    public double SatisfactionTask { get; init; }

    /// <summary>Share of action intervals whose state interval has a mean latency and a mean energy inside the bounds: eq. 1 of the paper.</summary>
    public double SatisfactionInterval { get; init; }

    /// <summary>Share of tasks whose own latency and own energy are inside the bounds.</summary>
    public double SatisfactionOwn { get; init; }

    /// <summary>Share of right answers.</summary>
    public double Accuracy { get; init; }

    /// <summary>Share of tasks answered right and satisfied.</summary>
    public double Goodput { get; init; }

    /// <summary>The same of the first 100 tasks.</summary>
    public double GoodputFirst100 { get; init; }

    /// <summary>The same for the tasks after them.</summary>
    public double GoodputAfter100 { get; init; }

    /// <summary>Mean latency, milliseconds; waiting and deciding included.</summary>
    public double MeanLatencyMs { get; init; }

    /// <summary>99 % quantile of latency, milliseconds.</summary>
    public double P99LatencyMs { get; init; }

    /// <summary>Mean energy per task, in the unit of the bound.</summary>
    public double Energy { get; init; }

    /// <summary>Mean reward of state intervals.</summary>
    public double Reward { get; init; }

    /// <summary>Mean index of the exits that answered, from 1.</summary>
    public double MeanExit { get; init; }

    /// <summary>Mean cut of the policies tasks ran under.</summary>
    public double MeanCut { get; init; }

    /// <summary>Mean tasks of an action interval.</summary>
    public double MeanInterval { get; init; }

    /// <summary>Time charged for a decision, mean, microseconds.</summary>
    public double DecisionMicros { get; init; }

    /// <summary>Share of tasks that found the queue full.</summary>
    public double LossRatio { get; init; }

    /// <summary>Median over the changes of the link of the tasks to the first of five satisfied in a row; a change that is not
    /// recovered from counts all tasks up to the next one.</summary>
    public double AdaptationTasks { get; init; }

    /// <summary>Every number with its name in JSON.</summary>
    internal static IReadOnlyList<(string Name, Func<ReplayMetrics, double> Value)> Columns { get; } =
    [
        ("satisfactionTask", m => m.SatisfactionTask),
        ("satisfactionInterval", m => m.SatisfactionInterval),
        ("satisfactionOwn", m => m.SatisfactionOwn),
        ("accuracy", m => m.Accuracy),
        ("goodput", m => m.Goodput),
        ("goodputFirst100", m => m.GoodputFirst100),
        ("goodputAfter100", m => m.GoodputAfter100),
        ("meanLatencyMs", m => m.MeanLatencyMs),
        ("p99LatencyMs", m => m.P99LatencyMs),
        ("energy", m => m.Energy),
        ("reward", m => m.Reward),
        ("meanExit", m => m.MeanExit),
        ("meanCut", m => m.MeanCut),
        ("meanInterval", m => m.MeanInterval),
        ("decisionMicros", m => m.DecisionMicros),
        ("lossRatio", m => m.LossRatio),
        ("adaptationTasks", m => m.AdaptationTasks),
    ];

    /// <summary>From the numbers of <see cref="Columns"/>, in their order.</summary>
    internal static ReplayMetrics From(ReadOnlySpan<double> numbers) => new()
    {
        SatisfactionTask = numbers[0],
        SatisfactionInterval = numbers[1],
        SatisfactionOwn = numbers[2],
        Accuracy = numbers[3],
        Goodput = numbers[4],
        GoodputFirst100 = numbers[5],
        GoodputAfter100 = numbers[6],
        MeanLatencyMs = numbers[7],
        P99LatencyMs = numbers[8],
        Energy = numbers[9],
        Reward = numbers[10],
        MeanExit = numbers[11],
        MeanCut = numbers[12],
        MeanInterval = numbers[13],
        DecisionMicros = numbers[14],
        LossRatio = numbers[15],
        AdaptationTasks = numbers[16],
    };

    /// <summary>The main figures in one line.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"satisfied {SatisfactionTask:0.000}, accuracy {Accuracy:0.000}, goodput {Goodput:0.000}, {MeanLatencyMs:0.00} ms, energy {Energy:0.0000}");
}
