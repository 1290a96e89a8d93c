using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Offload.Server;

namespace EdgeML.Server.Rollout;

/// <summary>Loads packages for a backend and measures them on this machine.</summary>
/// <param name="backendOf">Inference library and threads, by the model's name.</param>
/// <param name="maxBatch">Most requests that are computed together.</param>
sealed class PackageLoader(Func<string, BackendOptions> backendOf, int maxBatch) : IPackageLoader
{
    const int ProfileRuns = 20;

    public LoadedPackage Load(string name, string folder)
    {
        BackendOptions backend = backendOf(name);
        BranchedModel model = BranchedModel.Load(folder, backend);
        try
        {
            var profile = DeviceProfiler.Measure(model, Environment.MachineName, ProfileRuns, cancellation: backend.Cancellation);
            return new Package(model, new ModelTailExecutor(model, profile, maxBatch));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    sealed class Package(BranchedModel model, ModelTailExecutor executor) : LoadedPackage
    {
        public override ITailExecutor Executor => executor;

        public override void Dispose() => model.Dispose();
    }
}
