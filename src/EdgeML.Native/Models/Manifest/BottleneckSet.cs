using System.Text.Json;
using EdgeML.Native.Codecs;

namespace EdgeML.Native.Models.Manifest;

/// <summary>The bottlenecks of a package, numbered from 1; edge and tail must hold the same ones. Immutable, any thread.</summary>
public sealed record BottleneckSet
{
    /// <summary>The version this library writes, and the only one it reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>The largest number of bottlenecks.</summary>
    public const int Most = 255;

    /// <summary>Version of the file.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>Hash of the model whose cuts they serve.</summary>
    public required string Model { get; init; }

    /// <summary>Number 1, 2, ...</summary>
    public required IReadOnlyList<CutBottleneck> Items { get; init; }

    /// <summary>SHA-256 over everything else, hex; compared by edge and tail. Empty where there are none.</summary>
    public string Digest { get; init; } = "";

    /// <summary>Of a model without any.</summary>
    public static BottleneckSet None { get; } = new() { Model = "", Items = [] };

    /// <summary>Payload bytes of a number at a cut, -1 where that does not exist; both may come from the wire.</summary>
    public int PayloadBytes(int cut, int number) =>
        number >= 1 && number <= Items.Count && Items[number - 1] is { } item && item.Cut == cut ? item.PayloadBytes : -1;

    /// <summary>The maps of a number that exists.</summary>
    internal LinearBottleneck Map(int number) => Items[number - 1].Map!;

    internal BottleneckSet Sealed() => this with { Digest = ComputeDigest() };

    /// <exception cref="InvalidDataException">The first rule that is broken.</exception>
    internal BottleneckSet Checked(ModelManifest manifest)
    {
        Require(Format == CurrentFormat, $"format {Format}, this library reads {CurrentFormat}");
        Require(Model == manifest.Hash, $"made for {Model}, model {manifest.Name} is {manifest.Hash}");
        Require(Items.Count <= Most, $"{Items.Count} bottlenecks, at most {Most} are supported");
        Require(Items.All(item => item is not null), $"one of {Items.Count} bottlenecks is null");
        // JSON has numbers too large for a double, which have no digest.
        Require(Items.All(item => double.IsFinite(item.Lost)), $"a bottleneck loses more than a number");
        // First, so that a file that was changed anywhere says so and nothing else.
        Require(Digest == ComputeDigest(), $"the digest is {Digest}, the content makes {ComputeDigest()}");
        return this with { Items = [.. Items.Select(item => item.Checked(manifest))] };
    }

    string ComputeDigest() =>
        ContentHash.Of(JsonSerializer.SerializeToUtf8Bytes(this with { Digest = "" }, PackageJson.Default.BottleneckSet));

    internal static void Require(bool rule, FormattableString broken)
    {
        if (!rule) throw new InvalidDataException($"{PackageFiles.BottlenecksName}: {FormattableString.Invariant(broken)}");
    }

    /// <summary>How many there are, and where.</summary>
    public override string ToString() => Items.Count == 0 ? "no bottlenecks" : $"{Items.Count} bottlenecks at cuts {string.Join(", ", Items.Select(item => item.Cut))}";
}
