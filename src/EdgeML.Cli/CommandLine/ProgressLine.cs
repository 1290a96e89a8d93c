using System.Diagnostics;

namespace EdgeML.Cli.CommandLine;

/// <summary>How far work has come, on stderr: one line that counts up on a terminal, a new line now and then elsewhere. Silent for two
/// seconds on a terminal, ten elsewhere.</summary>
sealed class ProgressLine(string what, long total) : IDisposable
{
    readonly ProgressPace _pace = new();
    readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>Shows how many are done; cheap enough for every task.</summary>
    public void Report(int done)
    {
        if (!_pace.IsDue) return;
        double left = Stopwatch.GetElapsedTime(_started).TotalSeconds / done * (total - done);
        _pace.Show($"{done} of {total} {what}, {left:0} s left");
    }

    /// <summary>Takes the line away.</summary>
    public void Clear() => _pace.Clear();

    public void Dispose() => Clear();
}
