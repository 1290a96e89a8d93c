using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Offload.Client;

/// <summary>The outcome of a request, the tail's answer, and the times of the transfers.</summary>
struct TailReply
{
    /// <summary>Whether there is an answer; without one the fields of the answer are 0.</summary>
    public TailOutcome Outcome;

    /// <summary>Why there is no answer; <see cref="FallbackReason.None"/> where there is one.</summary>
    public FallbackReason Reason;

    /// <summary>The tail's answer.</summary>
    public TailAnswer Answer;

    /// <summary>Whether an exit on the tail saw NaN or infinite logits.</summary>
    public bool InvalidLogits;

    /// <summary>From the send call until now, milliseconds.</summary>
    public double TotalMs;

    /// <summary>Computing on the tail, milliseconds.</summary>
    public double TailMs;

    /// <summary>Waiting on the tail, milliseconds.</summary>
    public double QueueMs;

    /// <summary>Bytes of the request, prelude and header included; 0 when it was not sent.</summary>
    public long BytesSent;

    /// <summary>Uplink rate this transfer measured, in bits per second; NaN where it measured none.</summary>
    public double RateBitsPerSecond;

    /// <summary>On the way, both directions: everything that was neither computing nor waiting on the tail, milliseconds.</summary>
    public readonly double WireMs => Math.Max(0, TotalMs - TailMs - QueueMs);

    /// <summary>The outcome in words.</summary>
    public override readonly string ToString() => Outcome == TailOutcome.Answered
        ? FormattableString.Invariant($"{Answer} in {TotalMs:0.00} ms (tail {TailMs:0.00}, queue {QueueMs:0.00}), {BytesSent} bytes sent")
        : FormattableString.Invariant($"no answer: {Reason} after {TotalMs:0.00} ms, {BytesSent} bytes sent");
}
