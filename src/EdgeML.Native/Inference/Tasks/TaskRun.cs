using System.Diagnostics;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Inference.Tasks;

/// <summary>One task on its way through a slot: when it started, under which policy, and what it has cost so far.</summary>
struct TaskRun
{
    public long Id;
    public long Started;
    public ExitPolicy Policy;
    public double EdgeMs;
    public double RateBitsPerSecond;
    public float FirstEntropy;
    public StandbyRun Standby;
    public FallbackReason Why;
    public TaskResult Result;

    public readonly double ElapsedMs => Stopwatch.GetElapsedTime(Started).TotalMilliseconds;
}
