using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Costs;

/// <summary>The standby exit of a task (a hedged request): when it may start, which units it takes, and when it answers. Cost model, planner,
/// session and simulator derive all of this here.</summary>
/// <remarks>
/// The edge starts when the request is handed over. It runs unit by unit from the cut to the exit and looks for the tail's answer after
/// every unit. The exit answers at the deadline (equation 12 of docs/reference/control.md), or when it is ready if that is later.
/// </remarks>
readonly struct HedgeSchedule
{
    readonly int _afterUnit;

    /// <param name="exit">The standby exit, from 1.</param>
    /// <param name="cut">Units that ran before the request was sent.</param>
    /// <param name="afterUnit">The unit that the exit follows.</param>
    public HedgeSchedule(int exit, int cut, int afterUnit) => (Exit, Cut, _afterUnit) = (exit, cut, afterUnit);

    /// <summary>The schedule of a policy whose <see cref="ExitPolicy.Standby"/> is above 0.</summary>
    public static HedgeSchedule Of(in ExitPolicy policy, ModelManifest manifest) =>
        new(policy.Standby, policy.Cut, manifest.Exits[policy.Standby - 1].AfterUnit);

    /// <summary>The standby exit, from 1.</summary>
    public int Exit { get; }

    /// <summary>Units that ran before the request was sent; the schedule starts after them.</summary>
    public int Cut { get; }

    /// <summary>Units that have run when the exit can answer; the cut where the exit was tried before the request was sent.</summary>
    public int End => Math.Max(_afterUnit, Cut);

    /// <summary>Whether anything has to run beyond the cut; otherwise the exit was tried before the request was sent.</summary>
    public bool Computes => _afterUnit > Cut;

    /// <summary>Whether the exit will have an answer: it follows the cut, or it is tried before it.</summary>
    /// <param name="headMask">Bit j - 1 is set where exit j is tried.</param>
    public bool CanAnswer(uint headMask) => Computes || (headMask >> (Exit - 1) & 1) != 0;

    /// <summary>Milliseconds from the cut until the exit is ready, the head included; 0 where nothing has to run.</summary>
    /// <param name="prefixMs">Times of the first 0, 1, ... units.</param>
    /// <param name="headMs">The time of every head.</param>
    public double ComputeMs(double[] prefixMs, double[] headMs) =>
        Computes ? prefixMs[_afterUnit] - prefixMs[Cut] + headMs[Exit - 1] : 0;

    /// <summary>Runs unit by unit until the tail's answer is seen or the exit is ready (equation 13 of docs/reference/control.md).</summary>
    /// <param name="startMs">When the first unit starts.</param>
    /// <param name="answerMs">When the tail's answer comes, from the same moment on; infinite where none comes.</param>
    /// <param name="readyMs">When the exit is ready.</param>
    /// <param name="prefixMs">Profiled times of the first 0, 1, ... units.</param>
    /// <param name="factor">Their time over the profile.</param>
    /// <param name="units">How many units ran.</param>
    /// <param name="ready">Whether the exit was ready before the answer was seen.</param>
    /// <returns>When the edge stops.</returns>
    public double RunUntil(double startMs, double answerMs, double readyMs, double[] prefixMs, double factor, out int units, out bool ready)
    {
        int last = End, next = Cut;
        double busyMs = startMs;
        while (next < last && busyMs < answerMs) busyMs = startMs + ((prefixMs[++next] - prefixMs[Cut]) * factor); // (13)
        units = next - Cut;
        ready = busyMs < answerMs;
        return ready ? readyMs : busyMs;
    }

    /// <summary>When an answer is returned: the tail's answer or the deadline has come, and the edge has finished the unit or exit it runs.</summary>
    /// <param name="awaitedMs">When the tail's answer comes, or the deadline.</param>
    /// <param name="busyMs">When the edge is done.</param>
    public static double AnswerMs(double awaitedMs, double busyMs) => Math.Max(awaitedMs, busyMs);

    /// <summary>Milliseconds into a task until which the edge waits for the tail (equation 12 of docs/reference/control.md).</summary>
    /// <param name="boundMs">When the task must be answered.</param>
    /// <param name="overshootMs">How late a waiter may wake up; at most a tenth of the bound is allowed for it.</param>
    public static double DeadlineMs(double boundMs, double overshootMs = 0)
    {
        if (double.IsPositiveInfinity(boundMs)) return boundMs;
        double reserveMs = Math.Min(Math.Max(CostDefaults.HandOverShare * boundMs, CostDefaults.LeastHandOverMs),
            CostDefaults.MostHandOverShare * boundMs);
        return boundMs - reserveMs - Math.Min(overshootMs, boundMs / CostDefaults.OvershootDivisor); // (12)
    }

    /// <summary>Checks that a policy's standby exit, if any, will have an answer.</summary>
    /// <exception cref="ArgumentException">It follows a unit before the cut and is not tried there.</exception>
    public static void Check(in ExitPolicy policy, ModelManifest manifest)
    {
        if (policy.Standby == 0) return;
        HedgeSchedule hedge = Of(policy, manifest);
        if (!hedge.CanAnswer(manifest.ExitRule.Tried(policy.Thresholds)))
            throw new ArgumentException(
                $"exit {policy.Standby} follows unit {hedge._afterUnit}, before cut {policy.Cut}, and is not tried: it cannot be the standby exit");
    }
}
