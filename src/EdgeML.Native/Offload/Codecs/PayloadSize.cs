using EdgeML.Native.Inference;
using EdgeML.Native.Models;

namespace EdgeML.Native.Offload;

/// <summary>How large a request's payload is.</summary>
public static class PayloadSize
{
    /// <summary>Bytes of the payload that enters a model at a cut.</summary>
    /// <param name="manifest">The model.</param>
    /// <param name="cut">Units run on the edge; any number, it may come from the wire.</param>
    /// <param name="encoding">Any number, it may come from the wire.</param>
    /// <returns>The exact size, or -1 where the model cannot be entered at this cut in this encoding.</returns>
    public static int Of(ModelManifest manifest, int cut, TensorEncoding encoding)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (cut < 0 || cut >= manifest.LocalCut) return -1;
        long elements = cut == 0 ? Elements(manifest.Input.Shape) : manifest.Units[cut - 1].OutBytes / sizeof(float);
        long bytes = encoding switch
        {
            TensorEncoding.Float32 => elements * sizeof(float),
            TensorEncoding.Float16 => elements * 2,
            TensorEncoding.Int8 => elements + Int8Codec.PrefixBytes,
            TensorEncoding.Bytes when cut == 0 => elements,
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

    /// <summary>By index, because this is asked for every task and an enumerator would be garbage.</summary>
    static long Elements(IReadOnlyList<int> shape)
    {
        long elements = 1;
        for (int i = 0; i < shape.Count; i++) elements *= shape[i];
        return elements;
    }
}
