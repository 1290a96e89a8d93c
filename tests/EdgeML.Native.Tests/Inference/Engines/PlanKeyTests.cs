using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Tests.Inference.Engines;

public sealed class PlanKeyTests
{
    static readonly ModelManifest s_manifest = new()
    {
        Name = "six",
        Hash = "sha256:0",
        Input = new InputInfo([1, 2, 2], "float32", 1 / 255.0),
        Classes = 10,
        Units = [.. Enumerable.Range(1, 6).Select(i => new UnitInfo(i, $"u{i}", 1, 4, [1]))],
        Cuts = [.. Enumerable.Range(0, 7).Select(k => new CutInfo(k, 4, true, $"t{k}"))],
        Exits = [new ExitInfo(1, "a", 2, 1, 1), new ExitInfo(2, "b", 4, 1, 1), new ExitInfo(3, "final", 6, 0, 1)],
    };

    [Fact]
    public void Ranges_NoExitTried_OneRangeToTheCut()
    {
        Assert.Equal([new PlanRange(1, 5, 0, true)], PlanKey.For(s_manifest, 0, 5, [0f, 0f]).Ranges(s_manifest));
        Assert.Equal([new PlanRange(1, 6, 3, false)], PlanKey.For(s_manifest, 0, 6, [0f, 0f]).Ranges(s_manifest));
    }

    [Fact]
    public void Ranges_ExitsTried_StopAtEach()
    {
        Assert.Equal(
            [new PlanRange(1, 2, 1, true), new PlanRange(3, 4, 2, true), new PlanRange(5, 6, 3, false)],
            PlanKey.For(s_manifest, 0, 6, [0.5f, 0.1f]).Ranges(s_manifest));
    }

    [Fact]
    public void Ranges_ExitAtTheCut_TriedBeforeTheCutOnly()
    {
        Assert.Equal([new PlanRange(1, 2, 1, true)], PlanKey.For(s_manifest, 0, 2, [0.5f, 0.5f]).Ranges(s_manifest));
        Assert.Equal([new PlanRange(3, 4, 2, true), new PlanRange(5, 6, 3, false)],
            PlanKey.For(s_manifest, 2, 6, [0.5f, 0.5f]).Ranges(s_manifest));
    }

    [Fact]
    public void Ranges_NothingToRun_Empty() => Assert.Empty(PlanKey.For(s_manifest, 0, 0, [1f, 1f]).Ranges(s_manifest));
}
