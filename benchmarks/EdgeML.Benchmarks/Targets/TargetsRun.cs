using System.Text;
using EdgeML.Benchmarks.Subjects;

namespace EdgeML.Benchmarks.Targets;

/// <summary>Measures the numbers the project holds itself to, and prints them as a table.</summary>
static class TargetsRun
{
    static readonly (string Name, Func<BenchmarkModels, IEnumerable<TargetRow>> Measure)[] s_targets =
    [
        (HeadsTarget.Name, HeadsTarget.Measure),
        (AllocationTarget.Name, AllocationTarget.Measure),
        (DecisionTarget.Name, _ => DecisionTarget.Measure()),
        (LearningTarget.Name, LearningTarget.Measure),
        (ControlShareTarget.Name, ControlShareTarget.Measure),
        (BatchTarget.Name, BatchTarget.Measure),
        (OffloadTarget.Name, _ => OffloadTarget.Measure()),
        (EquivalenceTarget.Name, EquivalenceTarget.Measure),
        (ProductsTarget.Name, _ => ProductsTarget.Measure()),
    ];

    public static IEnumerable<string> Names => s_targets.Select(target => target.Name);

    /// <returns>0 when every target holds, 1 otherwise.</returns>
    public static int Run(Options options)
    {
        if (options.Only.Except(Names).FirstOrDefault() is { } unknown)
            throw new ArgumentException($"'{unknown}' is none of {string.Join(", ", Names)}");
        Console.Write(MachineResults.Versions());
        const string Heading = "| what | measured | target | |\n|---|---|---|---|\n";
        var table = new StringBuilder(Heading);
        Console.Write($"\n{Heading}");
        int missed = 0;
        using var models = new BenchmarkModels(options);
        foreach (var (name, measure) in s_targets)
        {
            if (options.Only.Count > 0 && !options.Only.Contains(name)) continue;
            foreach (TargetRow row in measure(models))
            {
                string line = $"| {row.What} | {row.Measured} | {row.Target} | {row.VerdictText} |\n";
                Console.Write(line);
                table.Append(line);
                if (row.Verdict == Verdict.Missed) missed++;
            }
        }
        if (options.Write) Console.WriteLine($"\nwritten to {MachineResults.Write("targets.md", "Numbers to hold", "--targets", table.ToString())}");
        if (missed > 0) Console.WriteLine($"\n{missed} missed");
        return missed == 0 ? 0 : 1;
    }
}
