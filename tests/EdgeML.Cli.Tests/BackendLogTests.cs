using EdgeML.Cli.CommandLine;
using Microsoft.Extensions.Logging;

namespace EdgeML.Cli.Tests;

public sealed class BackendLogTests
{
    [Theory]
    [InlineData(false, "backend warning: a plan is built again; twice|")]
    [InlineData(true, "backend info: a runtime|backend warning: a plan is built again; twice|backend error: no tactic|")]
    public void Log_Lines_WarningsAlwaysTheRestWhenVerbose(bool verbose, string expected)
    {
        using var output = new StringWriter { NewLine = "|" };
        var log = new BackendLog(verbose, output);
        Write(LogLevel.Information, "a runtime");
        Write(LogLevel.Warning, "a plan is built again\n twice");
        Write(LogLevel.Error, "no tactic");
        Assert.Equal(expected, output.ToString());

        void Write(LogLevel level, string text) => log.Log(level, default, text, null, (state, _) => state);
    }
}
