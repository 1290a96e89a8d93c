using EdgeML.Native.Inference.Engines;

namespace EdgeML.Cli.CommandLine;

/// <summary>How far the building of engines has come, on stderr. Any thread.</summary>
sealed class BuildLine : IDisposable
{
    readonly ProgressPace _pace = new();
    readonly Lock _gate = new();
    int _building;

    /// <summary>Engines that were built, not found in the cache.</summary>
    public int Built { get; private set; }

    /// <summary>All engines.</summary>
    public int Engines { get; private set; }

    public void Report(BuildProgress progress)
    {
        lock (_gate)
        {
            Engines = progress.Engines;
            // Only a build has phases.
            if (progress.Phase.Length > 0 && _building != progress.Engine)
            {
                _building = progress.Engine;
                Built++;
            }
            if (_pace.IsDue) _pace.Show($"engine {progress.Engine} of {progress.Engines}, {progress.Done * 100:0} % {progress.Phase}");
        }
    }

    public void Dispose() => _pace.Clear();
}
