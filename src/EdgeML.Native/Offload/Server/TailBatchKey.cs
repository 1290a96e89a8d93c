using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Offload.Server;

/// <summary>The properties that requests must share to be computed together; thresholds beyond "above 0" do not matter.</summary>
/// <param name="Cut">Units that have run.</param>
/// <param name="TriedExits">Bit j - 1 is set when side exit j lies after the cut and is tried.</param>
/// <param name="Encoding">Of the payloads.</param>
/// <param name="Bottleneck">Its number where it is the encoding, otherwise 0.</param>
public readonly record struct TailBatchKey(int Cut, uint TriedExits, TensorEncoding Encoding, int Bottleneck)
{
    /// <summary>The key of a request.</summary>
    /// <param name="manifest">The model.</param>
    /// <param name="policy">Of the request.</param>
    /// <param name="encoding">Of its payload.</param>
    public static TailBatchKey Of(ModelManifest manifest, in ExitPolicy policy, TensorEncoding encoding)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        uint tried = 0, wanted = manifest.ExitRule.Tried(policy.Thresholds);
        ReadOnlySpan<float> thresholds = policy.Thresholds;
        for (int i = 0; i < thresholds.Length && i < manifest.SideExits; i++)
            if ((wanted & (1u << i)) != 0 && manifest.Exits[i].AfterUnit > policy.Cut) tried |= 1u << i;
        return new TailBatchKey(policy.Cut, tried, encoding, encoding == TensorEncoding.Bottleneck ? policy.Bottleneck : 0);
    }
}
