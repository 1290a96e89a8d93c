using Microsoft.Extensions.Logging;

namespace EdgeML.Cli.CommandLine;

/// <summary>The inference library's log on stderr: warnings always, everything with <c>--verbose</c>. Its errors come back as the one
/// line of the command that failed. Any thread.</summary>
/// <param name="verbose">Whether everything is shown.</param>
/// <param name="output">Null for stderr.</param>
sealed class BackendLog(bool verbose, TextWriter? output = null) : ILogger
{
    readonly TextWriter _output = output ?? Console.Error;
    readonly bool _overwrites = output is null && !Console.IsErrorRedirected; // a progress line may be on the screen
    readonly Lock _gate = new();

    public bool IsEnabled(LogLevel logLevel) => verbose || logLevel == LogLevel.Warning;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        string severity = logLevel switch { LogLevel.Error => "error", LogLevel.Warning => "warning", _ => "info" };
        string text = $"backend {severity}: {ErrorReport.OneLine(formatter(state, exception))}";
        lock (_gate) _output.WriteLine(_overwrites ? $"\r{text.PadRight(ProgressPace.Columns)}" : text);
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
}
