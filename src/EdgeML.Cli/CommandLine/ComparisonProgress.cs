using EdgeML.Native.Preparation.Options;

namespace EdgeML.Cli.CommandLine;

/// <summary>How far <c>prepare</c> has compared a package with its model file.</summary>
sealed class ComparisonProgress : IDisposable
{
    readonly ProgressPace _pace = new();

    internal void Report(PrepareProgress progress)
    {
        if (_pace.IsDue) _pace.Show($"{progress.Done} of {progress.Total} ways to run the network compared with the file so far");
    }

    public void Dispose() => _pace.Clear();
}
