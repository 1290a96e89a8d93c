using EdgeML.Server.Configuration;
using EdgeML.Server.Rollout;

namespace EdgeML.Server.Tests.Rollout;

/// <summary>A configuration that is read again in a running server.</summary>
public sealed class ServeReloadTests : IAsyncDisposable
{
    readonly TestPackages _packages = new();
    readonly LineLog _log = new();
    readonly TailServer _server = new(new TailServerOptions());
    readonly ModelRollout _rollout;
    readonly ServeReload _reload;

    public ServeReloadTests()
    {
        _packages.Write("v1", "one");
        _packages.Write("v2", "two");
        Write("""{ "models": { "a": "v1" }, "threads": 1 }""");
        ServeSettings first = Load();
        _rollout = new ModelRollout(_server, _packages, _log);
        _rollout.Apply(first.Configuration.Models!, isAsked: true);
        _reload = new ServeReload(_server, _rollout, first, Load, _log);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _rollout.DisposeAsync();
        _packages.Dispose();
    }

    string Path => _packages.PathOf("serve.json");

    void Write(string text) => File.WriteAllText(Path, text);

    ServeSettings Load() => ServeSettings.Load(Path, []);

    string[] Served => [.. _server.Models.Select(model => model.Manifest.Hash)];

    [Fact]
    public void Models_Changed_AreTakenUp()
    {
        Write("""{ "models": { "a": ["v1", "v2"] }, "threads": 1 }""");
        _reload.Run(isAsked: false);
        Assert.Equal(["one", "two"], Served);
        Assert.Empty(_log.Warnings);
    }

    [Fact]
    public void Configuration_Broken_LeavesTheOldInForceAndSaysWhyOnce()
    {
        Write("""{ "models": { "a": "v2" }, "thread": 1 }""");
        _reload.Run(isAsked: false);
        _reload.Run(isAsked: false);
        Assert.Equal(["one"], Served);
        Assert.Equal(
            [$"{Path}:1: unknown key 'thread', did you mean threads?", "the configuration read before stays in force"], _log.Warnings);
        _reload.Run(isAsked: true);
        Assert.Equal(4, _log.Warnings.Length);
        // Its packages are still followed.
        _packages.Write("v1", "three");
        _reload.Run(isAsked: false);
        Assert.Equal(["three"], Served);
        File.Delete(Path);
        _reload.Run(isAsked: false);
        Assert.Equal(6, _log.Warnings.Length);
        Assert.Equal(["three"], Served);
    }

    [Fact]
    public void Keys_ThatNeedARestart_AreNamed()
    {
        Write("""{ "models": { "a": "v2" }, "threads": 2, "limits": { "idleMs": 7, "sendMs": 8 }, "watchSeconds": 3 }""");
        _reload.Run(isAsked: false);
        _reload.Run(isAsked: false);
        Assert.Equal(["threads, limits: changed values take effect at the next start"], _log.Warnings);
        Assert.Equal(["two"], Served);
        Assert.Equal(3, _reload.Current.WatchSeconds);
    }
}
