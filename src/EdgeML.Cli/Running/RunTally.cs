using System.Globalization;
using System.Text.Json;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Numerics;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Simulation.Decisions;

namespace EdgeML.Cli.Running;

/// <summary>The sums of a run. Sized at the start, so that counting allocates nothing. Not thread-safe.</summary>
sealed class RunTally(int tasks, int exits, DecisionLog? log = null)
{
    /// <summary>Tasks at the start that allocation figures leave out.</summary>
    public const int WarmUpTasks = 1000;

    readonly double[] _latencies = new double[tasks];
    readonly long[] _exitCount = new long[exits + 1];
    readonly long[] _exitCorrect = new long[exits + 1];
    readonly long[] _reasons = new long[Enum.GetValues<FallbackReason>().Length];
    ExitPolicy _lastPolicy;
    long _allocatedAtWarmUp;
    bool _labelled = true;
    double _edgeMs, _wireMs, _tailMs, _queueMs, _energy;

    /// <summary>Refuses more tasks than can be kept.</summary>
    /// <param name="count">Tasks.</param>
    /// <param name="logits">Numbers that are kept of each.</param>
    /// <exception cref="ArgumentException">Their results do not fit into memory.</exception>
    public static void CheckRoom(int count, int logits)
    {
        if ((long)count * logits > Array.MaxLength)
            throw new ArgumentException(
                $"--count {count} with --logits keeps {(long)count * logits} numbers, at most {Array.MaxLength} are possible; run in parts");
        double bytes = count * (sizeof(double) + (sizeof(int) * 2.0) + (sizeof(float) * (double)logits));
        long free = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (bytes > free / 2)
            throw new ArgumentException(FormattableString.Invariant(
                $"--count {count} keeps {bytes / (1 << 20):0} MB, more than half of the {free >> 20} MB of this machine; run in parts"));
    }

    public int Tasks { get; private set; }

    public long Offloaded { get; private set; }

    public long Fallbacks { get; private set; }

    /// <summary>Answers whose scores are not numbers, so that their class means nothing.</summary>
    public long NotNumbers { get; private set; }

    /// <summary>Why tasks fell back, the most frequent reason first.</summary>
    public IEnumerable<(FallbackReason Reason, long Count)> FallbackReasons =>
        Enum.GetValues<FallbackReason>().Select(reason => (reason, _reasons[(int)reason])).Where(each => each.Item2 > 0)
            .OrderByDescending(each => each.Item2);

    /// <summary>The same as text, for instance <c>late 12, busy 3</c>; empty where none did.</summary>
    public string FallbackText => string.Join(
        ", ", FallbackReasons.Select(each => string.Create(CultureInfo.InvariantCulture, $"{Key(each.Reason)} {each.Count}")));

    /// <summary>A reason as JSON names it.</summary>
    public static string Key(FallbackReason reason) => JsonNamingPolicy.CamelCase.ConvertName(reason.ToString());

    /// <summary>Fallbacks that a standby exit answered.</summary>
    public long Standbys { get; private set; }

    public long BytesSent { get; private set; }

    /// <summary>Times the executed policy differed from the one before, the first included.</summary>
    public int Policies { get; private set; }

    public long Correct => _exitCorrect.Sum();

    /// <summary>Whether every task so far had a label.</summary>
    public bool Labelled => _labelled && Tasks > 0;

    public double EdgeMs => _edgeMs / Tasks;

    public double WireMs => _wireMs / Tasks;

    public double TailMs => _tailMs / Tasks;

    public double QueueMs => _queueMs / Tasks;

    public double JoulesPerTask => _energy / Tasks;

    public double MeanLatencyMs => Latencies.Length == 0 ? double.NaN : Latencies.ToArray().Average();

    /// <summary>Bytes the process allocated per task after the first <see cref="WarmUpTasks"/>; NaN for shorter runs.</summary>
    public double AllocatedBytesPerTask { get; private set; } = double.NaN;

    ReadOnlySpan<double> Latencies => _latencies.AsSpan(0, Tasks);

    public long ExitCount(int exit) => _exitCount[exit];

    public long ExitCorrect(int exit) => _exitCorrect[exit];

    public void Add(in TaskResult result, int label)
    {
        _latencies[Tasks++] = result.LatencyMs;
        if (label < 0 || result.Class < 0) _labelled = false;
        else log?.Judged(result.TaskId, label == result.Class);
        _exitCount[result.Exit]++;
        if (label == result.Class && label >= 0) _exitCorrect[result.Exit]++;
        if (result.Offloaded) Offloaded++;
        if (result.Fallback)
        {
            Fallbacks++;
            _reasons[(int)result.FallbackReason]++;
        }
        if (result.Standby) Standbys++;
        if (float.IsNaN(result.Confidence) && result.Class >= 0) NotNumbers++;
        BytesSent += result.BytesSent;
        if (Tasks == 1 || result.Policy.WithInterval(1) != _lastPolicy)
        {
            Policies++;
            _lastPolicy = result.Policy.WithInterval(1);
        }
        _edgeMs += result.EdgeMs;
        _wireMs += result.WireMs;
        _tailMs += result.TailMs;
        _queueMs += result.QueueMs;
        _energy += result.EnergyJ;
        if (Tasks == WarmUpTasks) _allocatedAtWarmUp = GC.GetTotalAllocatedBytes();
    }

    /// <summary>Takes the final reading of allocated bytes.</summary>
    public void Close()
    {
        if (Tasks > WarmUpTasks) AllocatedBytesPerTask = (GC.GetTotalAllocatedBytes() - _allocatedAtWarmUp) / (double)(Tasks - WarmUpTasks);
    }

    /// <summary>Latency below which a share of the tasks stayed.</summary>
    public double LatencyQuantile(double share)
    {
        double[] sorted = Latencies.ToArray();
        Array.Sort(sorted);
        return Statistics.Quantile(sorted, share);
    }
}
