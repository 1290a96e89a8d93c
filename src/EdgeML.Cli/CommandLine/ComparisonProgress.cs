using System.Diagnostics;
using EdgeML.Native.Preparation.Options;

namespace EdgeML.Cli.CommandLine;

/// <summary>How far <c>prepare</c> has compared a package with its model file: a line that counts up on a terminal, a new line now and then
/// where stderr is a file. Silent for two seconds on a terminal, ten elsewhere.</summary>
sealed class ComparisonProgress : IDisposable
{
    const string What = "ways to run the network compared with the file";
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    static readonly TimeSpan s_pause = TimeSpan.FromSeconds(10);

    long _started;
    long _shown;
    int _total;
    ProgressLine? _line;

    internal void Report(PrepareProgress progress)
    {
        if (_started == 0) _started = Stopwatch.GetTimestamp();
        if (!Console.IsErrorRedirected)
        {
            if (_total != progress.Total) _line?.Dispose();
            if (_total != progress.Total) _line = new ProgressLine(What, _total = progress.Total);
            _line!.Report(progress.Done);
            return;
        }
        if (Stopwatch.GetElapsedTime(_started) < s_patience || (_shown != 0 && Stopwatch.GetElapsedTime(_shown) < s_pause)) return;
        _shown = Stopwatch.GetTimestamp();
        Console.Error.WriteLine($"{progress.Done} of {progress.Total} {What} so far");
    }

    public void Dispose()
    {
        _line?.Dispose();
        _line = null;
    }
}
