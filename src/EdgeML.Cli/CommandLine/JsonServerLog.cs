using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace EdgeML.Cli.CommandLine;

/// <summary>A server's log on stderr, one JSON object per line. Whatever a client sent is escaped: a line is ASCII without control
/// characters. Any thread.</summary>
/// <param name="least">Least level that is shown.</param>
/// <param name="output">Null for stderr.</param>
/// <param name="clock">Null for the system's.</param>
sealed class JsonServerLog(LogLevel least, TextWriter? output = null, TimeProvider? clock = null) : ILogger
{
    const string Template = "{OriginalFormat}";

    readonly Lock _gate = new();

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel != LogLevel.None;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        var line = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            json.WriteString("time", (clock ?? TimeProvider.System).GetUtcNow().UtcDateTime);
            json.WriteString("level", Name(logLevel));
            if (eventId.Name is { } what) json.WriteString("event", what);
            json.WriteString("message", formatter(state, exception));
            if (state is IEnumerable<KeyValuePair<string, object?>> fields)
                foreach ((string name, object? value) in fields)
                    if (name != Template) Write(json, JsonNamingPolicy.CamelCase.ConvertName(name), value);
            if (exception is not null) json.WriteString("exception", exception.ToString());
            json.WriteEndObject();
        }
        lock (_gate) (output ?? Console.Error).WriteLine(Encoding.UTF8.GetString(line.WrittenSpan));
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    static string Name(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        _ => "error",
    };

    static void Write(Utf8JsonWriter json, string name, object? value)
    {
        switch (value)
        {
            case null: json.WriteNull(name); break;
            case bool truth: json.WriteBoolean(name, truth); break;
            case int number: json.WriteNumber(name, number); break;
            case long number: json.WriteNumber(name, number); break;
            case double number when double.IsFinite(number): json.WriteNumber(name, number); break;
            default: json.WriteString(name, value.ToString()); break;
        }
    }
}
