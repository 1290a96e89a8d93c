using Microsoft.Extensions.Logging;

namespace EdgeML.Cli.CommandLine;

/// <summary>A server's messages to its operator on stderr, as text. Any thread.</summary>
/// <param name="least">Least level that is shown; connections are information, refusals are warnings.</param>
/// <param name="output">Null for stderr.</param>
sealed class ServerLog(LogLevel least, TextWriter? output = null) : ILogger
{
    readonly Lock _gate = new();

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel != LogLevel.None;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        string severity = logLevel >= LogLevel.Warning ? "warning: " : "";
        lock (_gate) (output ?? Console.Error).WriteLine($"edgeml: {severity}{ErrorReport.OneLine(formatter(state, exception))}");
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
}
