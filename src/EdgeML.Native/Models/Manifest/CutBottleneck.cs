using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using EdgeML.Native.Codecs;

namespace EdgeML.Native.Models.Manifest;

/// <summary>A learned way of sending the tensor at one cut: a linear map to fewer and shorter numbers on the edge, one back on the tail,
/// and its loss of accuracy. Made by <c>edgeml codecs --add</c>; immutable.</summary>
/// <remarks>Arrays hold little-endian float32.</remarks>
public sealed record CutBottleneck
{
    /// <summary>Units before it.</summary>
    public required int Cut { get; init; }

    /// <summary>Pixels along a side of the patches that are mapped.</summary>
    public required int Patch { get; init; }

    /// <summary>Whether the tensor has no negative values.</summary>
    public required bool Rectified { get; init; }

    /// <summary>Mean of every row: of every channel times pixel of a patch.</summary>
    public required byte[] Mean { get; init; }

    /// <summary>Rows per component: the encoder's weights.</summary>
    public required byte[] Encoder { get; init; }

    /// <summary>Rows per component: the decoder's weights.</summary>
    public required byte[] Decoder { get; init; }

    /// <summary>Lowest level of every component.</summary>
    public required byte[] Low { get; init; }

    /// <summary>Highest level of every component.</summary>
    public required byte[] High { get; init; }

    /// <summary>Bits of every component, 1..8, a byte each.</summary>
    public required byte[] Bits { get; init; }

    /// <summary>Share of answers that it makes wrong, net: the final exit's accuracy without it less that with it. Without labels the
    /// share of answers that differ.</summary>
    public required double Lost { get; init; }

    /// <summary>Samples that was measured on; others than those it was fitted on.</summary>
    public required int Samples { get; init; }

    /// <summary>The data they come from.</summary>
    public required string Source { get; init; }

    /// <summary>Bytes of every payload, frame not counted; 0 until the package has checked it.</summary>
    [JsonIgnore]
    public int PayloadBytes => Map?.PayloadBytes ?? 0;

    /// <summary>The maps; null until the package has checked them.</summary>
    [JsonIgnore]
    internal LinearBottleneck? Map { get; private init; }

    /// <summary>One of a package that is not kept in a file yet.</summary>
    internal static CutBottleneck Of(int cut, LinearBottleneck map, double lost, int samples, string source) => new()
    {
        Cut = cut,
        Patch = map.Patches.Size,
        Rectified = map.Rectified,
        Mean = Bytes(map.Mean),
        Encoder = Bytes(map.Encoder),
        Decoder = Bytes(map.Decoder),
        Low = Bytes([.. map.Ranges.Select(range => range.Low)]),
        High = Bytes([.. map.Ranges.Select(range => range.High)]),
        Bits = [.. map.Bits.Select(bits => (byte)bits)],
        Lost = lost,
        Samples = samples,
        Source = source,
    };

    /// <summary>The same with its maps made.</summary>
    /// <exception cref="InvalidDataException">The first rule that is broken.</exception>
    internal CutBottleneck Checked(ModelManifest manifest)
    {
        // Absent keys are null only where the serializer allows it; null arrays are not.
        Require(Cut > 0 && Cut < manifest.LocalCut, $"cut {Cut} is outside 1..{manifest.LocalCut - 1} of model {manifest.Name}");
        IReadOnlyList<int> shape = manifest.Units[Cut - 1].OutShape;
        Require(shape.Count == 3, $"the tensor at cut {Cut} is no picture of channels");
        Require(
            Patch is >= 1 and <= 64 && shape[1] % Patch == 0 && shape[2] % Patch == 0,
            $"patches of {Patch} pixels do not tile {shape[1]}x{shape[2]} at cut {Cut}");
        var patches = new TensorPatches(shape[0], shape[1], shape[2], Patch);
        int components = Bits.Length;
        Require(components >= 1 && components <= patches.Rows, $"{components} components of {patches.Rows} rows at cut {Cut}");
        Require(Bits.All(bits => bits is >= 1 and <= 8), $"a component at cut {Cut} does not have 1..8 bits");
        float[] mean = Floats(Mean, patches.Rows, nameof(Mean));
        float[] encoder = Floats(Encoder, (long)components * patches.Rows, nameof(Encoder));
        float[] decoder = Floats(Decoder, (long)components * patches.Rows, nameof(Decoder));
        float[] low = Floats(Low, components, nameof(Low)), high = Floats(High, components, nameof(High));
        Require(
            low.Zip(high).All(range => range.First <= range.Second), $"a component at cut {Cut} has its lowest level above its highest");
        Require(
            low.Zip(high).All(range => float.IsFinite(range.Second - range.First)), $"a component at cut {Cut} has levels too far apart");
        Require(Samples >= 0, $"{Samples} samples at cut {Cut}");
        Require(Lost is >= -1 and <= 1, $"{Lost} lost at cut {Cut} is not a share");
        var map = new LinearBottleneck(
            patches, mean, encoder, decoder, [.. low.Zip(high)], [.. Bits.Select(bits => (int)bits)], Rectified);
        return this with { Map = map };
    }

    float[] Floats(byte[] bytes, long count, string name)
    {
        Require(
            bytes.Length == count * sizeof(float),
            $"{name} at cut {Cut} has {bytes.Length} bytes, {count} numbers take {count * sizeof(float)}");
        float[] values = MemoryMarshal.Cast<byte, float>(bytes).ToArray();
        int bad = Array.FindIndex(values, value => !float.IsFinite(value));
        Require(bad < 0, $"{name} at cut {Cut} has {(bad < 0 ? 0 : values[bad])} at {bad}");
        return values;
    }

    static byte[] Bytes(float[] values) => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    static void Require(bool rule, FormattableString broken) => BottleneckSet.Require(rule, broken);
}
