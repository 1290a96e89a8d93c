using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Models.Payloads;

/// <summary>How large a request's payload is.</summary>
public static class PayloadSize
{
    const string AddedPrefix = "edgeml/";

    /// <summary>Bytes of the payload that enters a model at a cut.</summary>
    /// <param name="manifest">The model.</param>
    /// <param name="cut">Units run on the edge; any number, it may come from the wire.</param>
    /// <param name="encoding">Any number, it may come from the wire.</param>
    /// <returns>The exact size, or -1 where the model cannot be entered at this cut in this encoding.</returns>
    public static int Of(ModelManifest manifest, int cut, TensorEncoding encoding)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (cut < 0 || cut >= manifest.LocalCut) return -1;
        CutInfo at = manifest.Cuts[cut];
        if (at.IsQuantised != (encoding == TensorEncoding.Quantised)) return -1;
        if (cut == 0 && manifest.Inputs is not null && encoding is not (TensorEncoding.Float32 or TensorEncoding.Bytes)) return -1;
        long elements = cut == 0 ? Elements(manifest.Input.Shape) : manifest.Units[cut - 1].OutBytes / at.ElementBytes;
        long bytes = encoding switch
        {
            TensorEncoding.Quantised => elements * at.ElementBytes,
            TensorEncoding.Float32 => elements * sizeof(float),
            TensorEncoding.Float16 => elements * 2,
            TensorEncoding.Int8 => elements + Int8Codec.PrefixBytes,
            TensorEncoding.Bytes when cut == 0 && manifest.TakesBytes => elements,
            _ => -1,
        };
        return bytes <= int.MaxValue ? (int)bytes : -1;
    }

    /// <summary>Bytes of the payload of a request.</summary>
    /// <param name="manifest">The model.</param>
    /// <param name="bottlenecks">Of the model's package.</param>
    /// <param name="policy">Its cut and bottleneck may come from the wire.</param>
    /// <param name="encoding">Any number, it may come from the wire.</param>
    /// <returns>The exact size, or -1 where the model cannot be entered so.</returns>
    public static int Of(ModelManifest manifest, BottleneckSet bottlenecks, in ExitPolicy policy, TensorEncoding encoding)
    {
        ArgumentNullException.ThrowIfNull(bottlenecks);
        return encoding == TensorEncoding.Bottleneck
            ? bottlenecks.PayloadBytes(policy.Cut, policy.Bottleneck)
            : Of(manifest, policy.Cut, encoding);
    }

    /// <summary>How the tensor at a cut travels in a session with a codec: in the cut's own integers where the network is quantised, which
    /// are never larger than the codec's, and as float32 where integers of inputs or outputs may be in it, which no codec may
    /// change: at cut 0 of a network with named inputs, and where several tensors travel as one.</summary>
    /// <param name="manifest">The model.</param>
    /// <param name="cut">Below <see cref="ModelManifest.LocalCut"/>.</param>
    /// <param name="codec">The session's.</param>
    public static TensorEncoding EncodingAt(ModelManifest manifest, int cut, TensorEncoding codec)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (manifest.Cuts[cut].IsQuantised) return TensorEncoding.Quantised;
        return (cut == 0 && manifest.Inputs is not null) || MayCarryIntegers(manifest, cut) ? TensorEncoding.Float32 : codec;
    }

    /// <summary>Integers of inputs and outputs cross a cut only in tensors that preparation added.</summary>
    static bool MayCarryIntegers(ModelManifest manifest, int cut) =>
        manifest.Cuts[cut].Tensor.StartsWith(AddedPrefix, StringComparison.Ordinal) && (AnyInteger(manifest.Inputs) || AnyInteger(manifest.Outputs));

    static bool AnyInteger(IReadOnlyList<NamedTensor>? tensors)
    {
        for (int i = 0; i < tensors?.Count; i++)
            if (tensors[i].IsInteger) return true;
        return false;
    }

    /// <summary>Bytes that a session with a codec sends at a cut.</summary>
    /// <param name="manifest">The model.</param>
    /// <param name="cut">Any of the model's; nothing is sent at the last one.</param>
    /// <param name="codec">The session's; <see cref="TensorEncoding.Bytes"/> at cut 0 for sources that have bytes.</param>
    public static long Sent(ModelManifest manifest, int cut, TensorEncoding codec)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (cut == manifest.LocalCut) return 0;
        int elements = manifest.BoundaryElements(cut);
        CutInfo at = manifest.Cuts[cut];
        if (at.IsQuantised) return (long)elements * at.ElementBytes;
        return TensorPayload.Bytes(codec == TensorEncoding.Bytes ? codec : EncodingAt(manifest, cut, codec), elements);
    }

    /// <summary>Bytes that a session with a codec sends at each of a model's cuts.</summary>
    /// <param name="manifest">The model.</param>
    /// <param name="codec">The session's.</param>
    /// <param name="rawInput">Whether inputs come as bytes, as pictures do, and travel so at cut 0.</param>
    public static long[] SentAtCuts(ModelManifest manifest, TensorEncoding codec, bool rawInput = true)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return [.. manifest.Cuts.Select(cut => Sent(manifest, cut.K, cut.K == 0 && rawInput && manifest.TakesBytes ? TensorEncoding.Bytes : codec))];
    }

    /// <summary>By index, because this is asked for every task and an enumerator would be garbage.</summary>
    static long Elements(IReadOnlyList<int> shape)
    {
        long elements = 1;
        for (int i = 0; i < shape.Count; i++) elements *= shape[i];
        return elements;
    }
}
