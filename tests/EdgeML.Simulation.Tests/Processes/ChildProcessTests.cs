using System.ComponentModel;
using System.Diagnostics;
using EdgeML.Simulation.Processes;

namespace EdgeML.Simulation.Tests.Processes;

public sealed class ChildProcessTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30), s_moment = TimeSpan.FromMilliseconds(200);

    static string[] Shell(string script)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the scripts are for sh");
        return ["sh", "-c", script];
    }

    static bool Lives(int process) => Directory.Exists($"/proc/{process}");

    [Fact]
    public void Run_MoreThanPipesHoldOnBoth_ReturnsAllAndTheExitCode()
    {
        Outcome outcome = ChildProcess.Run(
            Shell("head -c 300000 /dev/zero | tr '\\0' e >&2; head -c 300000 /dev/zero | tr '\\0' o; exit 3"), s_patience);
        Assert.Equal((3, 300_000, 300_000), (outcome.ExitCode, outcome.Output.Length, outcome.Error.Length));
    }

    [Fact]
    public void Run_ProgramThatReads_FindsNoInput() =>
        Assert.Equal(new Outcome(0, "", ""), ChildProcess.Run(Shell("cat"), s_patience));

    [Fact]
    public void Run_EnvironmentAndFolder_AreTheProgramsAndArgumentsStayWhole()
    {
        string folder = Path.GetFullPath(Path.GetTempPath()).TrimEnd('/');
        Outcome outcome = ChildProcess.Run(
            [.. Shell("echo \"$WORD:$1:$#\"; pwd -P"), "sh", "two words"], s_patience,
            new Dictionary<string, string> { ["WORD"] = "given" }, folder);
        Assert.Equal(["given:two words:1", folder], outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Run_LongerThanItsLimit_IsKilledWithAllItStarted()
    {
        string file = Path.GetTempFileName();
        try
        {
            string[] command = Shell($"sleep 60 & echo $! > {file}; wait");
            Assert.Throws<TimeoutException>(() => ChildProcess.Run(command, TimeSpan.FromSeconds(1)));
            int started = int.Parse(File.ReadAllText(file));
            Assert.True(SpinWait.SpinUntil(() => !Lives(started), s_patience), "the program that it started lives on");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Start_NoSuchProgram_SaysSo() => Assert.Throws<Win32Exception>(() => ChildProcess.Start(["/no/such/program"]));

    [Fact]
    public void ReadLine_LineSilenceAndEnd()
    {
        using var process = ChildProcess.Start(Shell("echo first; read gate; echo second"));
        Assert.Equal("first", process.ReadLine(s_patience));
        Assert.Throws<TimeoutException>(() => process.ReadLine(s_moment));
        process.WriteLine("go on");
        Assert.Equal("second", process.ReadLine(s_patience));
        Assert.Null(process.ReadLine(s_patience));
        Assert.Equal(0, process.WaitForEnd(s_patience).ExitCode);
    }

    [Fact]
    public async Task ReadLine_Cancelled_Throws()
    {
        using var process = ChildProcess.Start(Shell("sleep 60"));
        using var cancelled = new CancellationTokenSource(s_moment);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => process.ReadLineAsync(s_patience, cancelled.Token));
    }

    [Fact]
    public void WaitForEnd_StillRunning_ThrowsAndCanBeAskedAgain()
    {
        using var process = ChildProcess.Start(Shell("read gate; echo rest; echo complaint >&2; exit 4"));
        Assert.Throws<TimeoutException>(() => process.WaitForEnd(s_moment));
        Assert.False(process.HasExited);
        process.CloseInput();
        Outcome outcome = process.WaitForEnd(s_patience);
        Assert.Equal((4, "rest\n", "complaint"), (outcome.ExitCode, outcome.Output, outcome.Complaint));
    }

    [Fact]
    public void Stop_ProgramThatFollowsItsInput_EndsByItself()
    {
        using var process = ChildProcess.Start(Shell("cat; echo done"), stopLimit: s_patience);
        process.WriteLine("one");
        Outcome outcome = process.Stop();
        Assert.Equal((0, "one\ndone\n"), (outcome.ExitCode, outcome.Output));
        Assert.Equal(outcome, process.Stop());
    }

    [Fact]
    public void Dispose_ProgramThatDoesNot_IsKilledAtOnce()
    {
        long started = Stopwatch.GetTimestamp();
        var process = ChildProcess.Start(Shell("sleep 60"));
        int id = process.Id;
        process.Dispose();
        Assert.False(Lives(id));
        Assert.True(Stopwatch.GetElapsedTime(started) < s_patience);
    }

    [Fact]
    public void Outcome_WithoutAWord_SaysTheExitCode()
    {
        Assert.Equal("it ended with exit code 3 and without a word", new Outcome(3, "", "").Complaint);
        Assert.Equal(["one", "two"], new Outcome(0, "", "one\n\ntwo\n").ErrorLines);
    }
}
