namespace EdgeML.Cli.Tests;

/// <summary><c>--threads</c>, <c>--cores</c> and <c>--realtime</c> on whole processes: where each of their threads may run, and at which
/// priority.</summary>
public sealed class ThreadPlaceTests(ShippedPackage package) : IClassFixture<ShippedPackage>
{
    const string Name = "edgeml compute"; // of threads that compute beside their callers

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    /// <summary>A process that serves, started by a line of a shell.</summary>
    (ChildProcess Process, string Line) Tail(string prefix, params string[] options)
    {
        ChildProcess tail = EdgemlProcess.StartInShell(
            $"exec {prefix} \"$@\" 2>&1", ["tail", "--model", package.Model, "--listen", "127.0.0.1:0", .. options]);
        return (tail, tail.ReadLine(s_patience) ?? "nothing");
    }

    sealed record ThreadRow(string Name, int[] Cores, int Policy, int Priority);

    static ThreadRow[] ThreadsOf(ChildProcess process)
    {
        var rows = new List<ThreadRow>();
        foreach (string task in Directory.GetDirectories($"/proc/{process.Id}/task"))
        {
            try
            {
                string[] status = File.ReadAllLines(Path.Combine(task, "status"));
                string stat = File.ReadAllText(Path.Combine(task, "stat"));
                string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' '); // from the third on
                rows.Add(new ThreadRow(Value(status, "Name:"), Cores(status), int.Parse(fields[41 - 3]), int.Parse(fields[40 - 3])));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It has ended meanwhile.
            }
        }
        return [.. rows];
    }

    static string Value(string[] status, string name) => status.First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Trim();

    // For example 0-3,6.
    static int[] Cores(string[] status) =>
    [
        .. Value(status, "Cpus_allowed_list:").Split(',').Select(part => part.Split('-').Select(int.Parse).ToArray())
            .SelectMany(ends => Enumerable.Range(ends[0], ends[^1] - ends[0] + 1)),
    ];

    static int[] RequireCores(int count)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the tests look into /proc");
        int[] cores = Cores(File.ReadAllLines("/proc/self/status"));
        Assert.SkipWhen(cores.Length < count, $"{cores.Length} cores here");
        Assert.SkipUnless(File.Exists("/usr/bin/taskset"), "no taskset");
        return cores;
    }

    /// <summary>Computes there, so that every thread that a request needs has been made.</summary>
    void Ask(string address)
    {
        Outcome run = EdgemlProcess.Run("run", "--model", package.Model, "--data", "shapes:seed=5,difficulty=mixed", "--count", "20", "--cut", "0", "--tail", address,
            "--require-tail", "--deadline-ms", "20000");
        Assert.True(run.ExitCode == 0, run.Error);
    }

    [Theory]
    [InlineData(1, "--threads 3", -1)]
    [InlineData(1, "--cores 0", -1)]
    [InlineData(2, "--threads 2 --cores 0,1", 1)]
    [InlineData(2, "--cores 1", -1)]
    public void Tail_StartedOnSomeCores_HasNoThreadOutsideThem(int masked, string options, int worker)
    {
        int[] usable = RequireCores(2)[^masked..];
        string[] given = [.. options.Split(' ').Select(each => each is "0" or "1" ? $"{usable[int.Parse(each)]}" : each == "0,1" ? string.Join(',', usable) : each)];
        (ChildProcess started, string line) = Tail($"taskset -c {string.Join(',', usable)}", given);
        using ChildProcess tail = started;
        Assert.StartsWith("listening ", line);
        Ask(line["listening ".Length..]);

        ThreadRow[] threads = ThreadsOf(tail);
        Assert.True(threads.Length > 5, $"{threads.Length} threads");
        Assert.All(threads, thread => Assert.Subset(usable.ToHashSet(), thread.Cores.ToHashSet()));
        Assert.All(threads, thread => Assert.Equal(0, thread.Policy));
        ThreadRow[] own = [.. threads.Where(thread => thread.Name == Name)];
        Assert.Equal(worker >= 0, own.Length > 0);
        Assert.All(own, thread => Assert.Equal([usable[worker]], thread.Cores));
        // Those that have computed for a client have their own mask again.
        Assert.All(threads.Where(thread => thread.Name != Name), thread => Assert.Equal(usable, thread.Cores));
    }

    [Fact]
    public void Run_CoreOutsideTheMaskOfItsStart_OneLineAndExitCode2()
    {
        int[] cores = RequireCores(2);
        Outcome run = EdgemlProcess.RunInShell(
            $"exec taskset -c {cores[0]} \"$@\"", "run", "--model", package.Model, "--data", "shapes:seed=1", "--count", "2", "--cores", $"{cores[1]}");
        Assert.Equal(2, run.ExitCode);
        Assert.Equal($"edgeml: core {cores[1]} is not among cores {cores[0]}, with which this process was started", Assert.Single(run.ErrorLines));
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(5, 6)]
    public void Run_PriorityBeyondItsRights_OneLineWithTheLimit(int limit, int priority)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/setpriv") && File.Exists("/usr/bin/prlimit"), "no setpriv, no prlimit");
        Outcome trial = ChildProcess.Run(["sh", "-c", $"{Restricted(limit)} true"], s_patience);
        Assert.SkipWhen(trial.ExitCode != 0, $"rights cannot be taken away here: {trial.Error}");
        Outcome run = EdgemlProcess.RunInShell(
            $"exec {Restricted(limit)} \"$@\"", "run", "--model", package.Model, "--data", "shapes:seed=1", "--count", "2", "--realtime", $"{priority}");
        Assert.Equal(2, run.ExitCode);
        Assert.Equal(
            $"edgeml: real-time priority {priority} is refused: Operation not permitted; RLIMIT_RTPRIO is {limit} (ulimit -r), and a higher one needs CAP_SYS_NICE",
            Assert.Single(run.ErrorLines));
    }

    static string Restricted(int limit) => $"prlimit --rtprio={limit}:{limit} setpriv --inh-caps=-sys_nice --bounding-set=-sys_nice";

    [Fact]
    public void Tail_AtARealTimePriority_HasItOnThreadsThatComputeAlone()
    {
        RequireCores(1);
        (ChildProcess started, string line) = Tail("", "--threads", "2", "--realtime", "4");
        using ChildProcess tail = started;
        Assert.SkipWhen(line.Contains("RLIMIT_RTPRIO", StringComparison.Ordinal), line);
        Assert.StartsWith("listening ", line);
        Ask(line["listening ".Length..]);
        ThreadRow[] threads = ThreadsOf(tail);
        Assert.All(threads.Where(thread => thread.Name == Name), thread => Assert.Equal((1, 4), (thread.Policy, thread.Priority)));
        Assert.Contains(threads, thread => thread.Name == Name);
        Assert.All(threads.Where(thread => thread.Name != Name), thread => Assert.Equal(0, thread.Policy));
    }

    [Theory]
    [InlineData("run --model m --data shapes:seed=1 --cores 3-1", "--cores is '3-1', not a list of cores such as 2,3 or 2-5")]
    [InlineData("run --model m --data shapes:seed=1 --realtime 100", "--realtime is '100', not a whole number in 1..99")]
    [InlineData("tail --model m --listen 127.0.0.1:0 --cores", "--cores")]
    public void Options_BadValue_OneLineAndExitCode2(string commandLine, string expected)
    {
        Outcome outcome = EdgemlProcess.Run(commandLine.Split(' '));
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(expected, Assert.Single(outcome.ErrorLines));
    }

    [Fact]
    public void Check_OfAServerWithACoreItHasNot_NamesTheKey()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "cores are Linux's");
        string file = package["threads.json"];
        File.WriteAllText(file, """
            { "models": { "shapes": "shapes-vgg" },
              "compute": { "shapes": { "cores": "1023" } } }
            """);
        Outcome check = EdgemlProcess.Run("serve", "--config", file, "--check");
        Assert.Equal(2, check.ExitCode);
        Assert.Contains("threads.json:2: compute.shapes.cores: core 1023 is not among cores ", Assert.Single(check.ErrorLines));
    }
}
