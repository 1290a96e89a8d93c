using EdgeML.Simulation.Processes;

namespace EdgeML.Benchmarks.Processes;

/// <summary>This program once more in another role, which prints lines and ends with its input.</summary>
static class OwnProgram
{
    static readonly TimeSpan s_lineLimit = TimeSpan.FromMinutes(30), s_stopLimit = TimeSpan.FromSeconds(5);

    public static ChildProcess Start(params IEnumerable<string> role) =>
        ChildProcess.Start([.. ChildProcess.ProgramHere("EdgeML.Benchmarks"), .. role], stopLimit: s_stopLimit);

    /// <summary>The next line that a role prints.</summary>
    /// <exception cref="InvalidOperationException">It ended instead; with its first complaint.</exception>
    public static string Line(this ChildProcess process) => process.ReadLine(s_lineLimit)
        ?? throw new InvalidOperationException($"the other process ended: {process.WaitForEnd(s_stopLimit).Complaint}");
}
