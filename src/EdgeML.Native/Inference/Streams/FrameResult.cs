using EdgeML.Native.Inference.Tasks;

namespace EdgeML.Native.Inference.Streams;

/// <summary>The answer to one frame. A plain value.</summary>
/// <param name="Number">Of the frame, from 0; frames that were dropped have numbers, too.</param>
/// <param name="Answer">Its latency counts from the moment the frame was taken, waiting included.</param>
/// <param name="IsLate">Whether that latency exceeds the deadline.</param>
public readonly record struct FrameResult(long Number, TaskResult Answer, bool IsLate)
{
    /// <summary>The answer in one line.</summary>
    public override string ToString() => $"frame {Number}: {Answer}{(IsLate ? ", late" : "")}";
}

/// <summary>Receives results, one at a time and in the order of frames.</summary>
/// <param name="result">The answer.</param>
/// <param name="logits">Of the exit that answered, one per class, or the row of all outputs of a network without class scores, which
/// <see cref="Models.Manifest.NamedTensor.In(ReadOnlySpan{float})"/> divides; valid during the call.</param>
public delegate void FrameHandler(in FrameResult result, ReadOnlySpan<float> logits);

/// <summary>Frames so far, by outcome. After a run each that was read is answered or dropped.</summary>
/// <param name="Read">By the source.</param>
/// <param name="Answered">Late ones included.</param>
/// <param name="Dropped">Replaced by a newer one before a worker was free, or left over at a stop or a failure.</param>
/// <param name="Late">Answered after their deadline.</param>
public readonly record struct FrameCounters(long Read, long Answered, long Dropped, long Late);
