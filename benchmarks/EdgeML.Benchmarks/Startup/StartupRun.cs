using System.Globalization;
using System.Text;
using EdgeML.Benchmarks.Subjects;
using EdgeML.Benchmarks.Targets;
using EdgeML.Native.Numerics;

namespace EdgeML.Benchmarks.Startup;

/// <summary>Whole processes, from their start: <c>edgeml</c> compiled ahead of time beside <c>dotnet edgeml.dll</c> of the same tree.</summary>
static class StartupRun
{
    const double LargestTailTime = 0.27, LargestTailMemory = 0.70, LargestInspectTime = 0.1, LargestRunTime = 0.45;
    const int WarmUps = 2, Tasks = 200;

    /// <returns>0 when every target holds, 1 otherwise.</returns>
    /// <exception cref="ArgumentException">Not on Linux, where a process tells its peak memory.</exception>
    public static int Run(Options options)
    {
        if (!OperatingSystem.IsLinux()) throw new ArgumentException("--processes reads /proc, so it needs Linux");
        Console.Write(MachineResults.Versions());
        using var models = new BenchmarkModels(options);
        using var command = EdgemlCommand.Find(options.Executable, options.Beside);
        string load = File.ReadAllText("/proc/loadavg").Split(' ')[0];
        string jit = command.JitVersion();
        Console.WriteLine($"JIT build      {jit}");
        Console.WriteLine($"Load           {load} when it began\n");
        var page = new StringBuilder();
        int missed = 0;
        foreach (TargetRow row in Measure(command, models.Shipped, options.Runs).Prepend(new TargetRow("what", "measured", "target", Verdict.ForInformation)))
        {
            string line = $"| {row.What} | {row.Measured} | {row.Target} | {row.VerdictText} |\n";
            if (page.Length == 0) line += "|---|---|---|---|\n";
            Console.Write(line);
            page.Append(line);
            if (row.Verdict == Verdict.Missed) missed++;
        }
        if (options.Write)
        {
            string text = $"Each row is the median over pairs of ahead of time / JIT, then the two medians. JIT build: {jit}. Load average when it began: {load}.\n\n{page}";
            Console.WriteLine($"\nwritten to {MachineResults.Write("processes.md", "Whole processes", "--processes", text)}");
        }
        if (missed > 0) Console.WriteLine($"\n{missed} missed");
        return missed == 0 ? 0 : 1;
    }

    static IEnumerable<TargetRow> Measure(EdgemlCommand command, string package, int runs)
    {
        using var client = new FirstRequest(package);
        var tail = new Pairs(runs);
        var memory = new Pairs(runs);
        for (int i = -WarmUps; i < runs; i++)
        {
            (double Ms, double MiB) ahead = client.Measure(command.AheadOfTime(TailWords(package)));
            (double Ms, double MiB) jit = client.Measure(command.Jit(TailWords(package)));
            tail.Add(i, ahead.Ms, jit.Ms);
            memory.Add(i, ahead.MiB, jit.MiB);
        }
        yield return tail.Row("`edgeml tail`, start to the first answered request", "ms", LargestTailTime);
        yield return memory.Row("the same, peak memory", "MiB", LargestTailMemory);
        yield return Whole(command, runs, "`edgeml inspect`", LargestInspectTime, "inspect", package);
        yield return Whole(command, runs, $"`edgeml run`, {Tasks} tasks", LargestRunTime,
            "run", "--model", package, "--data", "shapes:seed=1,difficulty=mixed", "--count", Tasks.ToString(CultureInfo.InvariantCulture));
    }

    static string[] TailWords(string package) => ["tail", "--model", package, "--listen", "127.0.0.1:0"];

    static TargetRow Whole(EdgemlCommand command, int runs, string what, double target, params string[] words)
    {
        var pairs = new Pairs(runs);
        for (int i = -WarmUps; i < runs; i++)
            pairs.Add(i, EdgemlCommand.TimeToEnd(command.AheadOfTime(words)), EdgemlCommand.TimeToEnd(command.Jit(words)));
        return pairs.Row(what, "ms", target);
    }

    /// <summary>Measured in turns, so that whatever else the machine does meets both alike.</summary>
    sealed class Pairs(int count)
    {
        readonly double[] _ahead = new double[count], _jit = new double[count];

        public void Add(int i, double ahead, double jit)
        {
            if (i >= 0) (_ahead[i], _jit[i]) = (ahead, jit);
        }

        public TargetRow Row(string what, string unit, double target)
        {
            double ratio = Statistics.Median([.. _ahead.Zip(_jit, (ahead, jit) => ahead / jit)]);
            FormattableString measured =
                $"{ratio:0.000} ({Statistics.Median(_ahead):0.0} {unit} / {Statistics.Median(_jit):0.0} {unit}, {count} pairs)";
            return TargetRow.AtMost(what, ratio, target, FormattableString.Invariant(measured), FormattableString.Invariant($"<= {target}"));
        }
    }
}
