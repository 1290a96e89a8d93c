using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Inference.Tasks;

/// <summary>The request of one task. Its input lies in the memory of the slot that runs it.</summary>
/// <param name="id">Counts up per session.</param>
/// <param name="started">Timestamp of the call.</param>
/// <param name="waitedMs">Milliseconds from the call until a slot was free.</param>
/// <param name="policy">To be executed.</param>
/// <param name="guarantee">The guarantee that the policy was kept inside; null for none.</param>
/// <param name="deadlineMs">Milliseconds from the call until the task must be answered, as far as the tail is concerned.</param>
readonly struct TaskRequest(long id, long started, double waitedMs, in ExitPolicy policy, AccuracyGuarantee? guarantee, double deadlineMs)
{
    public readonly long Id = id;
    public readonly long Started = started;
    public readonly double WaitedMs = waitedMs;
    public readonly ExitPolicy Policy = policy;
    public readonly AccuracyGuarantee? Guarantee = guarantee;
    public readonly double DeadlineMs = deadlineMs;
}
