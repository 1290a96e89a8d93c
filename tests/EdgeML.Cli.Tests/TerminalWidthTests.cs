using System.Text.RegularExpressions;
using EdgeML.Cli.Commands;

namespace EdgeML.Cli.Tests;

/// <summary>What people read fits a terminal of 80 columns, tried on a real one; behind a pipe nothing is wrapped or cut.</summary>
public sealed partial class TerminalWidthTests(ShippedPackage package) : IClassFixture<ShippedPackage>
{
    const int Columns = 80;
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(120);

    [GeneratedRegex(@"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]")]
    private static partial Regex Escapes();

    public static TheoryData<string> Commands =>
        [.. CommandList.All.Select(create => create().Name), "data shapes", ""];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Help_OnATerminal_FitsItAndHasAnExample(string command)
    {
        string[] arguments = [.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"];

        string[] shown = OnTerminal(arguments);

        Assert.All(shown, Fits);
        Assert.Contains(shown, line => line.StartsWith("  edgeml ", StringComparison.Ordinal) && !line.Contains('['));
        string piped = EdgemlProcess.Run(arguments).Output;
        Assert.DoesNotContain(" \\\n", piped);
    }

    [Theory]
    [InlineData("inspect MODEL")]
    [InlineData("doctor")]
    [InlineData("curve --model MODEL --data shapes:seed=1,difficulty=mixed --count 20")]
    [InlineData("codecs --model MODEL --data shapes:seed=1,difficulty=mixed --count 20 --cuts pools")]
    [InlineData("run --model MODEL --data shapes:seed=1,difficulty=mixed --count 20 --controller edgeml --latency-ms 20 --tail 127.0.0.1:9")]
    [InlineData("profile --model MODEL --check --runs 2")]
    [InlineData("validate-simulator --model MODEL --policies 2 --tasks 2 --shaper user")]
    public void View_OnATerminal_FitsIt(string command)
    {
        string[] arguments = [.. command.Split(' ').Select(word => word == "MODEL" ? package.Model : word)];

        // Messages are one line for programs that read stderr; a terminal folds them.
        string[] shown = [.. OnTerminal(arguments).Where(line => !line.StartsWith("edgeml: ", StringComparison.Ordinal))];

        Assert.NotEmpty(shown);
        Assert.All(shown, Fits);
    }

    [Fact]
    public void View_BehindAPipe_IsNotWrapped()
    {
        Outcome outcome = EdgemlProcess.Run("run", "--model", package.Model, "--data", "shapes:seed=1,difficulty=mixed", "--count", "20",
            "--controller", "edgeml", "--latency-ms", "20");

        Assert.Contains(outcome.Output.Split('\n'), line => line.StartsWith("decided", StringComparison.Ordinal) && line.Contains("satisfied"));
    }

    static string[] OnTerminal(string[] arguments)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/script"), "there is no script to make a terminal with");
        string line = string.Join(' ', new[] { "dotnet", EdgemlProcess.Assembly }.Concat(arguments).Select(word => $"'{word}'"));
        Outcome outcome = ChildProcess.Run(
            ["script", "-qec", $"stty cols {Columns} rows 40; NO_COLOR= TERM=xterm {line}", "/dev/null"], s_limit,
            folder: EdgemlProcess.RepositoryRoot);
        string text = Escapes().Replace(outcome.Output.Replace("\r\n", "\n"), "");
        Assert.True(outcome.ExitCode == 0, text);
        return [.. text.Split('\n').Select(each => each.Split('\r')[^1])];
    }

    /// <summary>A path that is longer than the line stays whole, so that it can be copied.</summary>
    static void Fits(string line) => Assert.True(line.Length <= Columns || !line.Trim().Contains(' '), $"{line.Length} columns: {line}");
}
