using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>Bottlenecks with seeded weights: bad ones, but the same on both sides.</summary>
static class TestBottlenecks
{
    /// <summary>The first cut whose tensor has channels.</summary>
    public static int CutOf(ModelManifest manifest)
        => manifest.Units.First(unit => unit.OutShape.Count == 3 && unit.Index < manifest.LocalCut).Index;

    public static CutBottleneck Make(ModelManifest manifest, int seed, int cut = 0, int components = 2, double lost = 0.01)
    {
        if (cut == 0) cut = CutOf(manifest);
        IReadOnlyList<int> shape = manifest.Units[cut - 1].OutShape;
        var patches = new TensorPatches(shape[0], shape[1], shape[2], 1);
        var random = new Random(seed);
        float[] Weights(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() - 0.5))];
        var map = new LinearBottleneck(
            patches, Weights(patches.Rows), Weights(patches.Rows * components), Weights(patches.Rows * components),
            [.. Enumerable.Repeat((-2f, 2f), components)], [.. Enumerable.Range(0, components).Select(i => 3 + (i % 5))], rectified: false);
        return CutBottleneck.Of(cut, map, lost, 100, $"seed {seed}");
    }
}
