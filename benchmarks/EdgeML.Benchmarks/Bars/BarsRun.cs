using System.Text;
using EdgeML.Benchmarks.Subjects;

namespace EdgeML.Benchmarks.Bars;

/// <summary>Measures the numbers the project holds itself to, and prints them as a table.</summary>
static class BarsRun
{
    static readonly (string Name, Func<BenchmarkModels, IEnumerable<BarRow>> Measure)[] s_bars =
    [
        (HeadsBar.Name, HeadsBar.Measure),
        (AllocationBar.Name, AllocationBar.Measure),
        (DecisionBar.Name, _ => DecisionBar.Measure()),
        (LearningBar.Name, LearningBar.Measure),
        (ControlShareBar.Name, ControlShareBar.Measure),
        (OffloadBar.Name, _ => OffloadBar.Measure()),
        (EquivalenceBar.Name, EquivalenceBar.Measure),
        (ProductsBar.Name, _ => ProductsBar.Measure()),
    ];

    public static IEnumerable<string> Names => s_bars.Select(bar => bar.Name);

    /// <returns>0 when every bar holds, 1 otherwise.</returns>
    public static int Run(Options options)
    {
        if (options.Only.Except(Names).FirstOrDefault() is { } unknown)
            throw new ArgumentException($"'{unknown}' is none of {string.Join(", ", Names)}");
        Console.Write(MachineResults.Versions());
        const string Heading = "| what | measured | bar | |\n|---|---|---|---|\n";
        var table = new StringBuilder(Heading);
        Console.Write($"\n{Heading}");
        int missed = 0;
        using var models = new BenchmarkModels(options);
        foreach (var (name, measure) in s_bars)
        {
            if (options.Only.Count > 0 && !options.Only.Contains(name)) continue;
            foreach (BarRow row in measure(models))
            {
                string line = $"| {row.What} | {row.Measured} | {row.Bar} | {row.VerdictText} |\n";
                Console.Write(line);
                table.Append(line);
                if (row.Verdict == Verdict.Missed) missed++;
            }
        }
        if (options.Write) Console.WriteLine($"\nwritten to {MachineResults.Write("bars.md", "Numbers to hold", "--bars", table.ToString())}");
        if (missed > 0) Console.WriteLine($"\n{missed} missed");
        return missed == 0 ? 0 : 1;
    }
}
