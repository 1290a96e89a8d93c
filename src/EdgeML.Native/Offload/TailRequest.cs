using EdgeML.Native.Codecs;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Offload;

/// <summary>One task for the tail. The payload lies in pinned memory with writable headroom directly before it, which takes
/// prelude and header, so that one send covers everything without a copy.</summary>
struct TailRequest
{
    /// <summary>Bytes before the payload that the client may overwrite.</summary>
    public const int HeadroomBytes = 256;

    /// <summary>Thresholds and cut.</summary>
    public ExitPolicy Policy;

    /// <summary>The agreement of the side exits before the cut, under an exit rule that waits for it.</summary>
    public ExitStreak Streak;

    /// <summary>How the payload writes the cut tensor.</summary>
    public TensorEncoding Encoding;

    /// <summary>Address of the payload's first byte; pinned or native memory, free again when the send call has returned.</summary>
    public nint Payload;

    /// <summary>Bytes of the payload.</summary>
    public int PayloadBytes;

    /// <summary>Milliseconds from now after which an answer is no longer wanted; must be above 0.</summary>
    public double DeadlineMs;
}
