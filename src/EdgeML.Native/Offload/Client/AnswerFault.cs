using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Offload.Client;

/// <summary>In what an answer contradicts itself or the request, so that no right tail can have given it.</summary>
enum AnswerFault : byte
{
    /// <summary>In nothing.</summary>
    None,

    /// <summary>A logit is NaN or none is finite, and the tail does not say so.</summary>
    Logits,

    /// <summary>Another class than the one with the largest logit.</summary>
    Class,

    /// <summary>A confidence that is no share.</summary>
    Confidence,

    /// <summary>An entropy outside 0..1, or one at which the exit must not answer.</summary>
    Entropy,

    /// <summary>A side exit that the request does not try, or that lies before its cut.</summary>
    Exit,
}

/// <summary>Checks answers against themselves and against their requests.</summary>
static class AnswerCheck
{
    /// <summary>The first contradiction of an answer. It names an exit and a class that the model has.</summary>
    /// <param name="manifest">The model.</param>
    /// <param name="policy">Of the request.</param>
    /// <param name="reply">The answer.</param>
    /// <param name="logits">Of the exit that answered.</param>
    public static AnswerFault FaultOf(ModelManifest manifest, in ExitPolicy policy, in ReplyHeader reply, ReadOnlySpan<float> logits)
    {
        TailAnswer answer = reply.Answer;
        // Outputs may be any numbers; only an exit that must not answer is a contradiction.
        if (!manifest.IsClassifier) return answer.Exit > manifest.SideExits ? AnswerFault.None : AnswerFault.Exit;
        (int largest, bool areNumbers) = Largest(logits);
        if (!areNumbers && !reply.HasInvalidLogits) return AnswerFault.Logits;
        if (answer.Class != largest) return AnswerFault.Class;
        // Scores that are no numbers have neither confidence nor entropy.
        if (!IsShare(answer.Confidence) && (areNumbers || !float.IsNaN(answer.Confidence))) return AnswerFault.Confidence;
        if (!IsShare(answer.Entropy) && (areNumbers || !float.IsNaN(answer.Entropy))) return AnswerFault.Entropy;
        if (answer.Exit > manifest.SideExits) return AnswerFault.None;
        float threshold = answer.Exit <= policy.Exits ? policy.Thresholds[answer.Exit - 1] : 0;
        if (threshold == 0 || manifest.Exits[answer.Exit - 1].AfterUnit <= policy.Cut) return AnswerFault.Exit;
        return answer.Entropy < threshold ? AnswerFault.None : AnswerFault.Entropy;
    }

    static bool IsShare(float value) => value is >= 0 and <= 1;

    // As the exits decide: NaN is never largest, the lowest index wins ties, and 0 is the class where nothing is above minus infinity.
    static (int Index, bool AreNumbers) Largest(ReadOnlySpan<float> logits)
    {
        (int index, float largest, bool areNumbers) = (0, float.NegativeInfinity, true);
        for (int i = 0; i < logits.Length; i++)
        {
            if (logits[i] > largest) (index, largest) = (i, logits[i]);
            else areNumbers &= !float.IsNaN(logits[i]);
        }
        return (index, areNumbers && float.IsFinite(largest));
    }
}
