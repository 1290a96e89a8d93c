using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Policies;

namespace EdgeML.Training.Bottlenecks;

/// <summary>A way of sending cut tensors, to be evaluated.</summary>
/// <param name="Name">For the report.</param>
/// <param name="BytesAt">Payload bytes at a cut, -1 where it cannot be used there.</param>
/// <param name="Apply">Leaves the tensor at a cut of a slot as the other side would see it.</param>
sealed record CutCodec(string Name, Func<int, long> BytesAt, Action<InferenceSlot, int> Apply)
{
    /// <summary>A codec of the wire protocol, as a session with it sends the tensor.</summary>
    public static CutCodec Of(ModelManifest manifest, TensorEncoding encoding, string name) =>
        new(
            name,
            cut => PayloadSize.Sent(manifest, cut, encoding),
            (slot, cut) => slot.ApplyCodec(cut, PayloadSize.EncodingAt(manifest, cut, encoding)));

    /// <summary>A bottleneck of the package, as sessions send it.</summary>
    public static CutCodec Of(BottleneckSet bottlenecks, int number) =>
        new($"package/{number}", cut => bottlenecks.PayloadBytes(cut, number), (slot, cut) =>
            slot.ApplyCodec(new ExitPolicy([], cut, bottleneck: number), TensorEncoding.Bottleneck));
}
