using EdgeML.Cli.CommandLine;
using EdgeML.Native.Offload.Client;
using Microsoft.Extensions.Logging;

namespace EdgeML.Cli.Running;

/// <summary>Prints on stderr, once, why the tail is not used. Any thread.</summary>
/// <param name="address">Of the tail, or of the tails.</param>
/// <param name="several">Whether another tail may answer.</param>
/// <param name="verbose">Whether every change of the link is shown.</param>
/// <param name="output">Null for stderr.</param>
sealed class TailNotices(string address, bool several, bool verbose, TextWriter? output = null) : ILogger
{
    readonly Lock _gate = new();

    /// <summary>Whether to print nothing: where a tail is required, its absence is the command's error.</summary>
    public bool IsMuted { get; set; }

    bool _said;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= (verbose ? LogLevel.Information : LogLevel.Warning);

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel) || IsMuted) return;
        string text = ErrorReport.OneLine(formatter(state, exception));
        lock (_gate)
        {
            if ((verbose && _said) || eventId == LinkReceiver.CertificatesKept) Write(text);
            else if (logLevel < LogLevel.Warning) Write(text);
            else Once($"{text}; {(several ? "another tail or the edge" : "the edge")} answers instead");
        }
    }

    /// <summary>At the end: faults that the link did not report.</summary>
    public void Summarise(RunTally tally)
    {
        if (tally.Fallbacks == 0) return;
        lock (_gate) Once($"{tally.Fallbacks} of {tally.Tasks} tasks were not answered by {(several ? "a tail of" : "the tail")} {address}: {tally.FallbackText}");
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    void Once(string text)
    {
        if (_said) return;
        _said = true;
        Write(text);
    }

    void Write(string text) => (output ?? Console.Error).WriteLine($"edgeml: warning: {text}");
}
