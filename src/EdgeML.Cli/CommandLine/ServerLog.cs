using Microsoft.Extensions.Logging;

namespace EdgeML.Cli.CommandLine;

/// <summary>A tail's messages to its operator on stderr: refusals always, connections with <c>--verbose</c>. Any thread.</summary>
/// <param name="verbose">Whether everything is shown.</param>
/// <param name="output">Null for stderr.</param>
sealed class ServerLog(bool verbose, TextWriter? output = null) : ILogger
{
    readonly Lock _gate = new();

    public bool IsEnabled(LogLevel logLevel) => logLevel >= (verbose ? LogLevel.Information : LogLevel.Warning);

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        string severity = logLevel >= LogLevel.Warning ? "warning: " : "";
        lock (_gate) (output ?? Console.Error).WriteLine($"edgeml: {severity}{ErrorReport.OneLine(formatter(state, exception))}");
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
}
