using EdgeML.Cli.Diagnostics;

namespace EdgeML.Cli.Tests.Diagnostics;

/// <summary>The rows about cores and priorities, from files of the kernel's.</summary>
public sealed class SchedulingSearchTests : IDisposable
{
    readonly DirectoryInfo _proc = Directory.CreateTempSubdirectory("edgeml-proc-");

    public void Dispose() => _proc.Delete(recursive: true);

    void Write(string name, string text)
    {
        string path = Path.Combine(_proc.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    [Theory]
    [InlineData("0000000000000000", "0", "950000", false, "no --realtime: RLIMIT_RTPRIO is 0 (ulimit -r), and there is no CAP_SYS_NICE")]
    [InlineData("0000000000000000", "40", "950000", true, "--realtime up to RLIMIT_RTPRIO, which is 40; the kernel leaves 5 % of a core (sched_rt_runtime_us) to other work")]
    [InlineData("0000000000800000", "0", "-1", true, "--realtime 1..99 by CAP_SYS_NICE; the kernel leaves nothing to other work")]
    public void Find_RightsAndLimits_SayWhichPriorities(string rights, string limit, string runtime, bool usable, string expected)
    {
        Write("self/status", $"Name:\tedgeml\nCapEff:\t{rights}\nCpus_allowed_list:\t2-5,8\n");
        Write("self/limits", $"Limit                     Soft Limit           Hard Limit           Units\nMax realtime priority     {limit}                    {limit}\n");
        Write("sys/kernel/sched_rt_runtime_us", runtime + "\n");
        Write("sys/kernel/sched_rt_period_us", "1000000\n");
        Finding[] rows = [.. SchedulingSearch.Find(_proc.FullName)];
        Assert.Equal(["cores", "real-time"], rows.Select(row => row.Name));
        Assert.Equal("2-5,8, for --cores", rows[0].Value);
        Assert.Equal((usable, expected), (rows[1].Present, rows[1].Value));
    }

    [Fact]
    public void Find_WithoutSuchFiles_HasNoRows() => Assert.Empty(SchedulingSearch.Find(_proc.FullName));
}
