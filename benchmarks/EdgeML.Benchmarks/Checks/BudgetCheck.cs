using System.Diagnostics;
using System.Text.Json;
using EdgeML.Benchmarks.Subjects;

namespace EdgeML.Benchmarks.Checks;

/// <summary>Is every benchmarked part right, and does it allocate no more than its budget? Fast enough for CI; no time is judged.</summary>
static class BudgetCheck
{
    /// <returns>0 when everything is right and inside its budget, 1 otherwise.</returns>
    public static int Run(Options options)
    {
        long start = Stopwatch.GetTimestamp();
        string file = Path.Combine(AppContext.BaseDirectory, "budgets.json");
        var budgets = JsonSerializer.Deserialize<Dictionary<string, double>>(File.ReadAllBytes(file))!;
        using var models = new BenchmarkModels(options);
        int failed = 0;
        foreach (AllocationCheck check in CheckedParts.All(models))
        {
            string outcome;
            try
            {
                double bytes = check.BytesPerOperation();
                if (!budgets.Remove(check.Name, out double budget)) outcome = $"FAILED: {bytes:0.##} B, and no budget in {file}";
                else outcome =
                    bytes <= budget ? $"ok: {bytes:0.##} B, budget {budget:0.##} B" : $"FAILED: {bytes:0.##} B, budget {budget:0.##} B";
            }
            catch (InvalidOperationException wrong)
            {
                budgets.Remove(check.Name);
                outcome = $"FAILED: {wrong.Message}";
            }
            if (outcome.StartsWith("FAILED", StringComparison.Ordinal)) failed++;
            Console.WriteLine($"{check.Name,-24} {outcome}");
        }
        foreach (string name in budgets.Keys)
        {
            failed++;
            Console.WriteLine($"{name,-24} FAILED: a budget for something that is not measured");
        }
        Console.WriteLine($"{failed} failed, {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s");
        return failed == 0 ? 0 : 1;
    }
}
