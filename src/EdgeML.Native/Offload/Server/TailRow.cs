using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Offload.Server;

/// <summary>One request as a slot computes it, and its answer; reused. One thread at a time.</summary>
/// <param name="classes">Numbers of an answer: <see cref="ModelManifest.AnswerElements"/> of the model.</param>
public sealed class TailRow(int classes)
{
    ExitPolicy _policy;

    /// <summary>Thresholds, cut and bottleneck. Its cut is in 0..units - 1, its bottleneck exists there where it is the encoding.</summary>
    public ref ExitPolicy Policy => ref _policy;

    /// <summary>The agreement of the side exits before the cut, under an exit rule that waits for it.</summary>
    public ExitStreak Streak { get; set; }

    /// <summary>Of the payload: one that exists at the cut.</summary>
    public TensorEncoding Encoding { get; set; }

    /// <summary>Where the payload lies, made by the executor of the slot; null while there is none.</summary>
    public ITailPayload? Payload { get; set; }

    /// <summary>Receives the logits of the exit that answered, one per class, or the outputs of a network without class
    /// scores.</summary>
    public float[] Logits { get; } = new float[classes];

    /// <summary>Filled by the run.</summary>
    public TailAnswer Answer { get; set; }

    /// <summary>Whether an exit on the way, or the one that answered, saw a logit that is NaN or +infinity; filled by the run.</summary>
    public bool InvalidLogits { get; set; }
}
