using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Inference.Tasks;

/// <summary>The answer to one task and its costs. A plain value: nothing to dispose, nothing that changes later.</summary>
public struct TaskResult
{
    /// <summary>Counts up per session, from 0.</summary>
    public long TaskId;

    /// <summary>The exit that answered, 1..N + 1.</summary>
    public int Exit;

    /// <summary>The class answered: largest logit, lowest index on ties; -1 for a network whose outputs are no class scores.</summary>
    public int Class;

    /// <summary>Softmax probability of <see cref="Class"/>; NaN where the scores are not numbers, and then the class means nothing, and
    /// without a class.</summary>
    public float Confidence;

    /// <summary>Normalised entropy of the answer, 0..1, or what the package's exit rule has in its place; NaN without a class.</summary>
    public float Entropy;

    /// <summary>Whether an exit saw NaN or infinite logits, here or on the tail; such an exit is never taken early. False without class
    /// scores: outputs of another kind are not looked at.</summary>
    public bool InvalidLogits;

    /// <summary>The policy that was really executed.</summary>
    public ExitPolicy Policy;

    /// <summary>The guarantee that policy was kept inside; null for none.</summary>
    public AccuracyGuarantee? Guarantee;

    /// <summary>End to end, from the call on, milliseconds.</summary>
    public double LatencyMs;

    /// <summary>Computing on the edge, milliseconds; under emulation, the time of the emulated device.</summary>
    public double EdgeMs;

    /// <summary>The part of it that ran for a standby exit while the task was with the tail, milliseconds.</summary>
    public double StandbyMs;

    /// <summary>On the way to the tail and back, milliseconds; 0 for a local task.</summary>
    public double WireMs;

    /// <summary>Computing on the tail, milliseconds.</summary>
    public double TailMs;

    /// <summary>Waiting for a free slot of the session, and on the tail for earlier requests, milliseconds.</summary>
    public double QueueMs;

    /// <summary>The part of it that passed before a slot was free: the session had <see cref="EdgeSessionOptions.InFlight"/> tasks under
    /// way.</summary>
    public double SlotMs;

    /// <summary>Joules of the edge device, from <see cref="EdgeSession.EnergySource"/>.</summary>
    public double EnergyJ;

    /// <summary>Bytes sent, frame and header included.</summary>
    public long BytesSent;

    /// <summary>Whether the tail answered.</summary>
    public bool Offloaded;

    /// <summary>Whether the edge answered a task meant for the tail.</summary>
    public bool Fallback;

    /// <summary>Why the tail did not answer a fallback; <see cref="FallbackReason.None"/> for all other tasks.</summary>
    public FallbackReason FallbackReason;

    /// <summary>Whether it did so by the policy's standby exit, which was ready when the tail was late.</summary>
    public bool Standby;

    /// <summary>Whose computation answered: <c>edge</c>, <c>tail</c>, <c>fallback</c> (the edge instead of the tail) or <c>standby</c> (a
    /// fallback by the standby exit).</summary>
    public readonly string Where => Offloaded ? "tail" : Standby ? "standby" : Fallback ? "fallback" : "edge";

    /// <summary>The answer in one line.</summary>
    public override readonly string ToString() => FormattableString.Invariant(
        $"task {TaskId}: {(Class < 0 ? "answered" : FormattableString.Invariant($"class {Class} ({100 * Confidence:0.0} %)"))} by exit {Exit}, {Where}{(Fallback ? $" ({FallbackReason})" : "")}, {LatencyMs:0.00} ms, {EnergyJ:0.0000} J");
}
