using EdgeML.Cli.CommandLine;
using EdgeML.Training.Branching;

namespace EdgeML.Cli.Branching;

/// <summary>The stages of <c>branch</c> on the progress line.</summary>
sealed class BranchProgress : IBranchProgress, IDisposable
{
    ProgressLine? _line;
    long _already;

    public void Begin(string what, long done, long total)
    {
        End();
        // Time left is judged by what this run does, not by what an earlier one left.
        (_already, _line) = (done, new ProgressLine(what, total - done));
    }

    public void Report(long done)
    {
        if (done > _already) _line?.Report((int)Math.Min(done - _already, int.MaxValue));
    }

    public void End()
    {
        _line?.Dispose();
        _line = null;
    }

    public void Dispose() => End();
}
