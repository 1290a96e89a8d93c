using System.Diagnostics;
using System.Runtime.InteropServices;
using EdgeML.Benchmarks.Targets;
using EdgeML.Simulation.Processes;

namespace EdgeML.Benchmarks.Startup;

/// <summary>The two builds of the command line.</summary>
sealed class EdgemlCommand : IDisposable
{
    static readonly TimeSpan s_publishLimit = TimeSpan.FromMinutes(20), s_runLimit = TimeSpan.FromMinutes(2);

    readonly DirectoryInfo? _published;
    readonly string _executable, _assembly;

    EdgemlCommand(string executable, string assembly, DirectoryInfo? published) =>
        (_executable, _assembly, _published) = (executable, assembly, published);

    /// <summary>Takes an executable, or publishes one into a temporary folder that goes with the object.</summary>
    /// <param name="executable">Null to publish one.</param>
    /// <param name="beside">The JIT build's assembly; null for this tree's.</param>
    /// <exception cref="FileNotFoundException">One of the two builds is not there.</exception>
    /// <exception cref="IOException">The publish failed; with its words.</exception>
    public static EdgemlCommand Find(string? executable, string? beside = null)
    {
        string project = Path.Combine(MachineResults.SourceTree(), "src", "EdgeML.Cli");
        string assembly = beside ?? Path.Combine(project, "bin", "Release", "net10.0", "edgeml.dll");
        if (!File.Exists(assembly)) throw new FileNotFoundException($"no {assembly}; dotnet build -c Release makes it");
        if (executable is not null)
        {
            return File.Exists(executable) ? new EdgemlCommand(executable, assembly, null)
                : throw new FileNotFoundException($"no {executable}");
        }
        DirectoryInfo folder = Directory.CreateTempSubdirectory("edgeml-published-");
        string rid = $"linux-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";
        Outcome publish = ChildProcess.Run(
            ["dotnet", "publish", project, "-c", "Release", "-r", rid, "-o", folder.FullName, "-v", "q"], s_publishLimit);
        if (publish.ExitCode != 0)
        {
            folder.Delete(recursive: true);
            throw new IOException($"dotnet publish for {rid} ended with exit code {publish.ExitCode}:\n{publish.Output}{publish.Error}");
        }
        return new EdgemlCommand(Path.Combine(folder.FullName, "edgeml"), assembly, folder);
    }

    public string[] AheadOfTime(params IEnumerable<string> words) => [_executable, .. words];

    public string[] Jit(params IEnumerable<string> words) => ["dotnet", _assembly, .. words];

    /// <exception cref="IOException">It failed; with its words.</exception>
    public string JitVersion()
    {
        Outcome outcome = ChildProcess.Run(Jit("--version"), s_runLimit);
        return outcome.ExitCode == 0 ? outcome.Output.Trim() : throw new IOException($"{_assembly} --version: {outcome.Error}");
    }

    /// <summary>Milliseconds from the start of a process to its end.</summary>
    /// <exception cref="IOException">It failed; with its words.</exception>
    public static double TimeToEnd(string[] command)
    {
        long began = Stopwatch.GetTimestamp();
        Outcome outcome = ChildProcess.Run(command, s_runLimit);
        double took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        return outcome.ExitCode == 0 ? took
            : throw new IOException($"{command[0]} ended with exit code {outcome.ExitCode}: {outcome.Error}");
    }

    public void Dispose() => _published?.Delete(recursive: true);
}
