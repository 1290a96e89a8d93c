using EdgeML.Native.Offload.Server;

namespace EdgeML.Server.Rollout;

/// <summary>A package in memory, ready to serve; disposing it frees that memory.</summary>
abstract class LoadedPackage : IDisposable
{
    public abstract ITailExecutor Executor { get; }

    public abstract void Dispose();
}

/// <summary>Loads packages. One thread at a time.</summary>
interface IPackageLoader
{
    /// <summary>Loads and measures a package.</summary>
    /// <param name="name">The model's name in the configuration.</param>
    /// <param name="folder">The package.</param>
    /// <exception cref="InvalidDataException">It is none, or a damaged one.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    LoadedPackage Load(string name, string folder);
}
