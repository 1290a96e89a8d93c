using System.Diagnostics;

namespace EdgeML.Training.Branching;

/// <summary>How long a stage took by the clock, and in processor time of all threads together.</summary>
readonly record struct StageTime(double Seconds, double CpuSeconds)
{
    internal static StageTime Of(Action stage)
    {
        using var process = Process.GetCurrentProcess();
        (long begin, TimeSpan cpu) = (Stopwatch.GetTimestamp(), process.TotalProcessorTime);
        stage();
        process.Refresh();
        return new(Stopwatch.GetElapsedTime(begin).TotalSeconds, (process.TotalProcessorTime - cpu).TotalSeconds);
    }
}
