using EdgeML.Training.Progress;

namespace EdgeML.Cli.CommandLine;

/// <summary>The stages of a run on the progress line.</summary>
sealed class StageProgress : IStageProgress, IDisposable
{
    ProgressLine? _line;
    long _already;

    public void Begin(string what, long total, long done = 0)
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
