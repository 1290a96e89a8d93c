using EdgeML.Server.Configuration;
using EdgeML.Server.Rollout;

namespace EdgeML.Server.Tests.Rollout;

/// <summary>Packages come into service, change and go; what cannot be used leaves the old one in service.</summary>
public sealed class ModelRolloutTests : IAsyncDisposable
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    readonly TestPackages _packages = new();
    readonly LineLog _log = new();
    readonly TailServer _server = new(new TailServerOptions { WarmUp = true });
    readonly ModelRollout _rollout;

    public ModelRolloutTests() => _rollout = new ModelRollout(_server, _packages, _log);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _rollout.DisposeAsync();
        Assert.All(_packages.Loaded, package => Assert.Equal(0, package.AliveAtDisposal));
        _packages.Dispose();
    }

    string[] Apply(bool isAsked = false, params (string Name, string Folder)[] models) =>
        [.. _rollout.Apply(models.GroupBy(each => each.Name).ToDictionary(
            each => each.Key, each => each.Select(one => _packages.PathOf(one.Folder)).ToList()), isAsked)
            .Select(fault => fault.Replace(_packages.Root + "/", "", StringComparison.Ordinal))];

    string[] Served => [.. _server.Models.Select(model => model.Manifest.Hash)];

    [Fact]
    public async Task Versions_SideBySide_ComeAndGo()
    {
        _packages.Write("v1", "one");
        _packages.Write("v2", "two");
        Assert.Empty(Apply(models: [("a", "v1")]));
        Assert.Equal(["one"], Served);
        Assert.Empty(Apply(models: [("a", "v1"), ("a", "v2")]));
        Assert.Equal(["one", "two"], Served);
        Assert.Equal(2, _packages.Loaded.Count);
        Assert.Empty(Apply(models: [("a", "v2")]));
        Assert.Equal(["two"], Served);
        await _rollout.WhenRetiredAsync().WaitAsync(s_patience);
        // Warmed up with one slot, which was disposed before the package.
        Assert.Equal((1, 0), (_packages.Loaded[0].Tail.Slots, _packages.Loaded[0].AliveAtDisposal));
        Assert.Null(_packages.Loaded[1].AliveAtDisposal);
        Assert.Empty(_log.Warnings);
    }

    [Fact]
    public async Task Folder_Replaced_IsTakenUpOnce()
    {
        _packages.Write("v", "one");
        Assert.Empty(Apply(models: [("a", "v")]));
        Assert.Empty(Apply(models: [("a", "v")]));
        Assert.Single(_packages.Loaded);
        _packages.Write("v", "two");
        Assert.Empty(Apply(models: [("a", "v")]));
        Assert.Equal(["two"], Served);
        await _rollout.WhenRetiredAsync().WaitAsync(s_patience);
        Assert.Equal(0, _packages.Loaded[0].AliveAtDisposal);
    }

    [Fact]
    public void Folder_ReplacedByTheSameModel_ChangesOver()
    {
        _packages.Write("v", "one");
        Apply(models: [("a", "v")]);
        File.WriteAllText(Path.Combine(_packages.PathOf("v"), "bottlenecks.json"), "{}");
        Assert.Empty(Apply(models: [("a", "v")]));
        Assert.Equal(2, _packages.Loaded.Count);
        Assert.Same(_packages.Loaded[1].Tail, Assert.Single(_server.Models));
    }

    [Fact]
    public void Folder_ReplacedByABrokenOne_LeavesTheOldInServiceAndSaysWhyOnce()
    {
        _packages.Write("v", "one");
        Apply(models: [("a", "v")]);
        _packages.Write("v", "broken");
        const string expected = "model a: v cannot be used: unit 3 is missing; the version read before stays in service";
        Assert.Equal([expected], Apply(models: [("a", "v")]));
        Assert.Empty(Apply(models: [("a", "v")]));
        Assert.Equal([expected], Apply(isAsked: true, models: [("a", "v")]));
        Assert.Equal(["one"], Served);
        _packages.Write("v", "two");
        Assert.Empty(Apply(models: [("a", "v")]));
        Assert.Equal(["two"], Served);
    }

    [Fact]
    public void NextVersion_ThatIsBroken_LeavesTheOneItShouldReplace()
    {
        _packages.Write("v1", "one");
        _packages.Write("v2", "broken");
        Apply(models: [("a", "v1")]);
        Assert.Equal(["model a: v2 cannot be used: unit 3 is missing"], Apply(models: [("a", "v2")]));
        Assert.Equal(["one"], Served);
        Assert.EndsWith("v1 stays in service", Assert.Single(_log.Warnings));
        // Not said again, and still so.
        Assert.Empty(Apply(models: [("a", "v2")]));
        Assert.Equal(["one"], Served);
        _packages.Write("v2", "two");
        Assert.Empty(Apply(models: [("a", "v2")]));
        Assert.Equal(["two"], Served);
    }

    [Fact]
    public void Folder_AwayForAMoment_IsNoFaultUnlessAsked()
    {
        _packages.Write("v", "one");
        Apply(models: [("a", "v")]);
        Directory.Move(_packages.PathOf("v"), _packages.PathOf("w"));
        Assert.Empty(Apply(models: [("a", "v")]));
        Assert.Equal(
            ["model a: no package can be read in v; the version read before stays in service"], Apply(isAsked: true, models: [("a", "v")]));
        Assert.Equal(["one"], Served);
        // The same model in another place.
        Assert.Empty(Apply(models: [("b", "w")]));
        Assert.Equal(["one"], Served);
        Assert.Equal("b", Assert.Single(_rollout.InService).Name);
    }

    [Fact]
    public void Folder_ThatChangesWhileItIsRead_IsReadAgainNextTime()
    {
        _packages.Write("v", "one");
        _packages.Reading = _ =>
        {
            _packages.Reading = null;
            _packages.Write("v", "two");
        };
        Assert.Equal(["model a: v cannot be used: it changes while it is read"], Apply(models: [("a", "v")]));
        Assert.Empty(Served);
        Assert.Empty(Apply(models: [("a", "v")]));
        Assert.Equal(["two"], Served);
    }

    [Fact]
    public void SameModel_InTwoFolders_IsRefused()
    {
        _packages.Write("v1", "one");
        _packages.Write("v2", "one");
        string fault = Assert.Single(Apply(models: [("a", "v1"), ("b", "v2")]));
        Assert.Equal("model b: v2 cannot be used: it is the same model as v1, which is served as a", fault);
        Assert.Equal(["one"], Served);
    }
}
