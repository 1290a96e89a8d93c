using System.Diagnostics;
using System.Runtime.InteropServices;
using EdgeML.Benchmarks.Bars;

namespace EdgeML.Benchmarks.Startup;

/// <summary>The two builds of the command line.</summary>
sealed class EdgemlCommand : IDisposable
{
    readonly DirectoryInfo? _published;
    readonly string _executable, _assembly;

    EdgemlCommand(string executable, string assembly, DirectoryInfo? published) =>
        (_executable, _assembly, _published) = (executable, assembly, published);

    /// <summary>Takes an executable, or publishes one into a temporary folder that goes with the object.</summary>
    /// <exception cref="FileNotFoundException">One of the two builds is not there.</exception>
    /// <exception cref="IOException">The publish failed; what it said is on standard output.</exception>
    public static EdgemlCommand Find(string? executable)
    {
        string project = Path.Combine(MachineResults.SourceTree(), "src", "EdgeML.Cli");
        string assembly = Path.Combine(project, "bin", "Release", "net10.0", "edgeml.dll");
        if (!File.Exists(assembly)) throw new FileNotFoundException($"no {assembly}; dotnet build -c Release makes it");
        if (executable is not null)
        {
            return File.Exists(executable) ? new EdgemlCommand(executable, assembly, null)
                : throw new FileNotFoundException($"no {executable}");
        }
        DirectoryInfo folder = Directory.CreateTempSubdirectory("edgeml-published-");
        string rid = $"linux-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";
        using Process publish = Process.Start("dotnet", ["publish", project, "-c", "Release", "-r", rid, "-o", folder.FullName, "-v", "q"]);
        publish.WaitForExit();
        if (publish.ExitCode != 0)
        {
            folder.Delete(recursive: true);
            throw new IOException($"dotnet publish for {rid} ended with exit code {publish.ExitCode}");
        }
        return new EdgemlCommand(Path.Combine(folder.FullName, "edgeml"), assembly, folder);
    }

    public ProcessStartInfo AheadOfTime(params IEnumerable<string> words) => Start(_executable, words);

    public ProcessStartInfo Jit(params IEnumerable<string> words) => Start("dotnet", words.Prepend(_assembly));

    static ProcessStartInfo Start(string file, IEnumerable<string> words) =>
        new(file, words) { RedirectStandardOutput = true, RedirectStandardError = true };

    /// <summary>Milliseconds from the start of a process to its end.</summary>
    /// <exception cref="IOException">It failed; with its words.</exception>
    public static double TimeToEnd(ProcessStartInfo start)
    {
        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        // Less than a pipe holds, so one after the other.
        process.StandardOutput.ReadToEnd();
        string complaint = process.StandardError.ReadToEnd();
        process.WaitForExit();
        double took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        return process.ExitCode == 0 ? took : throw new IOException($"{start.FileName} ended with exit code {process.ExitCode}: {complaint}");
    }

    public void Dispose() => _published?.Delete(recursive: true);
}
