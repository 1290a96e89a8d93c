using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;

namespace EdgeML.Training.Bottlenecks;

/// <summary>A bottleneck made for one cut, not kept in a package yet.</summary>
/// <param name="Cut">Units before it.</param>
/// <param name="Name">For the report.</param>
/// <param name="Map">The maps.</param>
sealed record FittedBottleneck(int Cut, string Name, LinearBottleneck Map)
{
    /// <summary>As a codec to be measured.</summary>
    public CutCodec Codec() => new(
        Name,
        cut => cut == Cut ? Map.PayloadBytes : -1,
        (slot, cut) =>
        {
            byte[] payload = new byte[Map.PayloadBytes];
            Span<float> tensor = slot.Workspace.Boundary(cut).Floats;
            Map.Encode(tensor, payload);
            Map.Decode(payload, tensor);
            slot.RoundToLevels(cut);
        });
}
