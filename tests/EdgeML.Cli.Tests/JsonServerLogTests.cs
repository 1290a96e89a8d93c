using System.Text.Json;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Observing;
using EdgeML.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace EdgeML.Cli.Tests;

public class JsonServerLogTests
{
    [Fact]
    public void Words_OfOptions_AreThoseOfAConfiguration()
    {
        Assert.Equal(ObservingRules.LogFormats, LogWords.Formats);
        Assert.Equal(ObservingRules.LogLevels, LogWords.Levels);
    }

    [Fact]
    public void Log_OfTextFromTheNetwork_IsOneLineOfAscii()
    {
        using var output = new StringWriter();
        ILogger log = new JsonServerLog(LogLevel.Information, output);
        string text = string.Concat(Enumerable.Range(0, 300).Select(i => (char)i)) + "\u2028\u202e\ud800</script>";
        log.LogWarning("tail refused {Client}: {Reason} {Count}", "127.0.0.1:1", text, 7);
        log.LogDebug("not shown");

        string line = Assert.Single(output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.DoesNotContain(line, c => c is < ' ' or > '~' or '<');
        using JsonDocument json = JsonDocument.Parse(line);
        JsonElement root = json.RootElement;
        Assert.Equal(["time", "level", "message", "client", "reason", "count"], root.EnumerateObject().Select(each => each.Name));
        Assert.Equal(("warning", 7), (root.GetProperty("level").GetString(), root.GetProperty("count").GetInt32()));
        Assert.Equal(text.Replace('\ud800', '\ufffd'), root.GetProperty("reason").GetString());
    }

    [Fact]
    public void Log_OfAnEventWithAnException_NamesBoth()
    {
        using var output = new StringWriter();
        ILogger log = new JsonServerLog(LogLevel.Error, output);
        log.LogError(new EventId(8, "fault"), new IOException("full\ndisk"), "tail fault");
        using JsonDocument json = JsonDocument.Parse(output.ToString());
        Assert.Equal("fault", json.RootElement.GetProperty("event").GetString());
        Assert.Contains("full\ndisk", json.RootElement.GetProperty("exception").GetString());
    }
}
