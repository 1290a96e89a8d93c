using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Tests;

public class CommandLineTests
{
    [Theory]
    [InlineData("data", "a command is missing")]
    [InlineData("rum", "'rum' is no command, did you mean run? edgeml --help")]
    [InlineData("demo --quik", "'--quik' is no option of demo, did you mean --quick? edgeml demo --help")]
    [InlineData("run --model m --data d --controller planer", ", did you mean planner? edgeml run --help")]
    [InlineData("demo --rows planer", ", did you mean planner?")]
    [InlineData("frobnicate", "'frobnicate' is no command")]
    [InlineData("--frobnicate", "'--frobnicate' is no option")]
    [InlineData("doctor --frobnicate", "'--frobnicate' is no option of doctor")]
    [InlineData("doctor left-over", "'left-over' is no argument of doctor")]
    [InlineData("doctor --json", "--json")]
    [InlineData("doctor --json /no/such/folder/doctor.json", "/no/such/folder")]
    public void Run_BadCommandLine_OneLineAndExitCode2(string commandLine, string expected)
    {
        Outcome outcome = EdgemlProcess.Run(commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(2, outcome.ExitCode);
        string line = Assert.Single(outcome.ErrorLines);
        Assert.StartsWith("edgeml: ", line);
        Assert.Contains(expected, line);
        Assert.Equal("", outcome.Output);
    }

    [Fact]
    public void Run_HelpOfCommand_EndsWithExample()
    {
        Outcome outcome = EdgemlProcess.Run("doctor", "--help");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("Usage:", outcome.Output);
        Assert.Contains("edgeml doctor --json doctor.json", outcome.Output);
    }

    [Fact]
    public void Run_WithoutAnything_ShowsHelp()
    {
        Outcome outcome = EdgemlProcess.Run();

        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        Assert.Equal(EdgemlProcess.Run("--help").Output, outcome.Output);
    }

    [Theory]
    [InlineData("matrix", "sweep")]
    [InlineData("reality", "validate-simulator")]
    public void Run_OldCommandName_WorksAndIsNotListed(string old, string today)
    {
        Assert.Equal(EdgemlProcess.Run(today, "--help").Output, EdgemlProcess.Run(old, "--help").Output);
        string listed = EdgemlProcess.Run("--help").Output;
        Assert.Contains($"  {today}", listed);
        Assert.DoesNotContain($"  {old}", listed);
    }

    [Fact]
    public void Replace_OldOptionNames_KeepTheirValues() =>
        Assert.Equal(
            ["run", "--experience-in=a", "--experience-out", "b", "--trace", "c", "matrix"],
            OldNames.Replace(["run", "--trace-in=a", "--trace-out", "b", "--trace", "c", "matrix"]));

    [Fact]
    public void Run_Version_PrintsIt()
    {
        Outcome outcome = EdgemlProcess.Run("--version");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+", outcome.Output);
    }
}
