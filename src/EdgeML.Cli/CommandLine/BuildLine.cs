using System.Diagnostics;
using EdgeML.Native.Inference.Engines;

namespace EdgeML.Cli.CommandLine;

/// <summary>One line on stderr about engines being built, for work that takes longer than two seconds. Silent before, and where stderr
/// is a file. Any thread.</summary>
sealed class BuildLine : IDisposable
{
    public const int Width = 79;

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);
    static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);

    readonly bool _visible = !Console.IsErrorRedirected;
    readonly long _started = Stopwatch.GetTimestamp();
    readonly Lock _gate = new();
    int _building;
    long _shown;

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
            if (!_visible || Stopwatch.GetElapsedTime(_started) < s_patience) return;
            if (_shown != 0 && Stopwatch.GetElapsedTime(_shown) < s_pause) return;
            _shown = Stopwatch.GetTimestamp();
            string text = $"engine {progress.Engine} of {progress.Engines}, {progress.Done * 100:0} % {progress.Phase}";
            Console.Error.Write("\r" + (text.Length > Width ? text[..Width] : text.PadRight(Width)));
        }
    }

    public void Dispose()
    {
        if (_shown == 0) return;
        Console.Error.Write("\r" + new string(' ', Width) + "\r");
        _shown = 0;
    }
}
