using System.Diagnostics;

namespace EdgeML.Cli.CommandLine;

/// <summary>One line on stderr that counts up, for work that takes longer than two seconds. Silent before, and where stderr is a
/// file.</summary>
sealed class ProgressLine(string what, long total) : IDisposable
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);
    static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);

    readonly bool _visible = !Console.IsErrorRedirected;
    readonly long _started = Stopwatch.GetTimestamp();
    long _shown;

    /// <summary>Says how many are done; cheap enough for every task.</summary>
    public void Report(int done)
    {
        if (!_visible) return;
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_started);
        if (elapsed < s_patience || (_shown != 0 && Stopwatch.GetElapsedTime(_shown) < s_pause)) return;
        _shown = Stopwatch.GetTimestamp();
        double left = elapsed.TotalSeconds / done * (total - done);
        Console.Error.Write($"\r{done} of {total} {what}, {left:0} s left ");
    }

    /// <summary>Takes the line away.</summary>
    public void Clear()
    {
        if (_shown == 0) return;
        Console.Error.Write("\r" + new string(' ', 60) + "\r");
        _shown = 0;
    }

    public void Dispose() => Clear();
}
