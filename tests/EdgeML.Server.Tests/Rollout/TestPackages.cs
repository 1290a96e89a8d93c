using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Server.Rollout;
using Microsoft.Extensions.Logging;

namespace EdgeML.Server.Tests.Rollout;

/// <summary>Folders that stand for packages: the manifest's text is the model's hash, or "broken".</summary>
sealed class TestPackages : IPackageLoader, IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeml-rollout-");

    /// <summary>Every package that was loaded.</summary>
    public List<Package> Loaded { get; } = [];

    /// <summary>Called after a package was read, with its folder.</summary>
    public Action<string>? Reading { get; set; }

    public string Root => _folder.FullName;

    public string PathOf(string name) => Path.Combine(Root, name);

    /// <summary>Replaces a folder as the tools of this project do.</summary>
    public string Write(string name, string text)
    {
        AtomicFile.WriteFolder(PathOf(name), PackageFiles.ManifestName, temporary => File.WriteAllText(Path.Combine(temporary, PackageFiles.ManifestName), text));
        return PathOf(name);
    }

    public LoadedPackage Load(string name, string folder)
    {
        string text = File.ReadAllText(Path.Combine(folder, PackageFiles.ManifestName));
        Reading?.Invoke(folder);
        if (text == "broken") throw new InvalidDataException("unit 3 is\nmissing");
        var package = new Package(new FakeTail { Manifest = FakeTail.Model(text) });
        Loaded.Add(package);
        return package;
    }

    public void Dispose() => _folder.Delete(recursive: true);

    internal sealed class Package(FakeTail tail) : LoadedPackage
    {
        public FakeTail Tail => tail;

        public override ITailExecutor Executor => tail;

        /// <summary>Slots that were alive when it was disposed; null while it is not.</summary>
        public int? AliveAtDisposal { get; private set; }

        public override void Dispose() => AliveAtDisposal = tail.Slots - tail.Disposed;
    }
}

/// <summary>Keeps lines.</summary>
sealed class LineLog : ILogger
{
    readonly List<string> _lines = [];

    /// <summary>Called for every line; null if not needed.</summary>
    public Action? Writing { get; init; }

    /// <summary>Warnings so far.</summary>
    public string[] Warnings
    {
        get
        {
            lock (_lines) return [.. _lines];
        }
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Writing?.Invoke();
        if (logLevel < LogLevel.Warning) return;
        lock (_lines) _lines.Add(formatter(state, exception));
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
}
