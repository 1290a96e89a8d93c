using System.Diagnostics.CodeAnalysis;
using EdgeML.Native;
using Microsoft.Extensions.Logging;

namespace EdgeML.Server.Rollout;

/// <summary>Keeps the models of a server as a configuration names them: loads what is new or has changed, gives it to clients when it is
/// ready, and frees what is not named any more when its clients have left. One thread at a time.</summary>
/// <param name="server">Serves them.</param>
/// <param name="loader">Loads packages.</param>
/// <param name="logger">Receives a line per change.</param>
sealed class ModelRollout(TailServer server, IPackageLoader loader, ILogger logger) : IAsyncDisposable
{
    readonly List<Version> _versions = [];
    readonly Dictionary<string, string> _refused = [];
    readonly List<Task> _retiring = [];

    /// <summary>One package in service.</summary>
    sealed record Version(string Name, string Folder, string Stamp, LoadedPackage Package)
    {
        public string Identity => Package.Executor.Manifest.Identity;
    }

    /// <summary>Folders in service, by name.</summary>
    public IEnumerable<(string Name, string Folder)> InService => _versions.Select(version => (version.Name, version.Folder));

    /// <summary>Serves these models from now on.</summary>
    /// <param name="models">Folders by name.</param>
    /// <param name="isAsked">Whether packages that could not be used before are tried again although they have not changed.</param>
    /// <returns>Why packages could not be used, a line each. What they would replace stays in service.</returns>
    public IReadOnlyList<string> Apply(IReadOnlyDictionary<string, List<string>> models, bool isAsked)
    {
        var faults = new List<string>();
        Version[] unnamed = [.. _versions.Where(version => !(models.TryGetValue(version.Name, out List<string>? own) && own.Contains(version.Folder)))];
        var failed = new HashSet<string>();
        foreach ((string name, List<string> folders) in models)
            foreach (string folder in folders)
            {
                if (Update(name, folder, unnamed, isAsked, out string? fault)) continue;
                failed.Add(name);
                if (fault is not null) faults.Add(fault);
            }
        foreach (Version version in unnamed)
        {
            if (!_versions.Contains(version)) continue;
            if (failed.Contains(version.Name))
            {
                if (faults.Count > 0) logger.LogWarning("model {Name}: {Folder} stays in service", version.Name, version.Folder);
                continue;
            }
            Retire(version, server.RemoveAsync(version.Package.Executor));
        }
        return faults;
    }

    /// <summary>Waits until what was taken out of service is freed.</summary>
    public Task WhenRetiredAsync() => Task.WhenAll(_retiring);

    /// <summary>Frees everything; after the server has stopped.</summary>
    public async ValueTask DisposeAsync()
    {
        await WhenRetiredAsync().ConfigureAwait(false);
        foreach (Version version in _versions) version.Package.Dispose();
        _versions.Clear();
    }

    /// <summary>Brings one folder into service.</summary>
    /// <returns>Whether the folder, as it is now, is in service.</returns>
    [SuppressMessage("Design", "CA1031", Justification = "whatever is wrong with a package, what is in service stays")]
    bool Update(string name, string folder, Version[] unnamed, bool isAsked, out string? fault)
    {
        fault = null;
        Version? old = _versions.Find(version => version.Folder == folder);
        string? stamp = PackageStamp.Of(folder);
        if (stamp is null)
        {
            // One that is just being replaced is not there for a moment.
            if (old is null || isAsked) fault = $"model {name}: no package can be read in {folder}{Stays(old)}";
            return false;
        }
        if (old is not null && old.Stamp == stamp && old.Name == name) return true;
        if (!isAsked && _refused.GetValueOrDefault(folder) == stamp) return false;
        LoadedPackage? package = null;
        try
        {
            package = loader.Load(name, folder);
            if (PackageStamp.Of(folder) != stamp) throw new InvalidDataException("it changes while it is read");
            Put(new Version(name, folder, stamp, package), old, unnamed);
            _refused.Remove(folder);
            return true;
        }
        catch (Exception e)
        {
            package?.Dispose();
            if (e is OperationCanceledException) throw;
            // One that changes now is looked at again next time.
            if (PackageStamp.Of(folder) == stamp) _refused[folder] = stamp;
            fault = $"model {name}: {folder} cannot be used: {MessageText.OneLine(e.Message)}{Stays(old)}";
            return false;
        }
    }

    static string Stays(Version? old) => old is null ? "" : "; the version read before stays in service";

    void Put(Version next, Version? old, Version[] unnamed)
    {
        // A package that moves to another folder is the same model: clients change over without a moment in which it is missing.
        Version? same = _versions.Find(version => version.Identity == next.Identity);
        if (same is not null && same != old && !unnamed.Contains(same))
            throw new InvalidDataException($"it is the same model as {same.Folder}, which is served as {same.Name}");
        Task? unused = same is null ? null : server.ReplaceAsync(same.Package.Executor, next.Package.Executor, next.Name);
        if (same is null) server.Add(next.Package.Executor, next.Name);
        _versions.Add(next);
        logger.LogInformation("model {Name}: {Folder} is in service, {Identity}", next.Name, next.Folder, next.Identity);
        if (same is not null) Retire(same, unused!);
        if (old is not null && old != same) Retire(old, server.RemoveAsync(old.Package.Executor));
    }

    void Retire(Version version, Task unused)
    {
        _versions.Remove(version);
        _retiring.RemoveAll(task => task.IsCompleted);
        _retiring.Add(FreeAsync(version, unused));
    }

    async Task FreeAsync(Version version, Task unused)
    {
        await unused.ConfigureAwait(false);
        version.Package.Dispose();
        logger.LogInformation("model {Name}: {Folder}, {Identity}, is freed", version.Name, version.Folder, version.Identity);
    }
}
