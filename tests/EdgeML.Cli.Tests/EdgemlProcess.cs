using System.Diagnostics;
using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Tests;

/// <summary>Runs the built command as its own process, the way a script does.</summary>
static class EdgemlProcess
{
    public static string Assembly { get; } = Locate();

    public static string RepositoryRoot { get; } = FindRoot();

    // A shell starts background jobs with SIGINT ignored, children inherit that, and nothing could interrupt them.
    static readonly bool s_deafToInterrupts = OperatingSystem.IsLinux() && File.ReadLines("/proc/self/status")
        .Where(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))
        .Any(line => (Convert.ToUInt64(line[7..].Trim(), 16) & 0b10) != 0);

    public static Outcome Run(params string[] arguments) => Run(TimeSpan.FromSeconds(60), arguments);

    public static Outcome Run(TimeSpan limit, params string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"edgeml {string.Join(' ', arguments)} took longer than {limit.TotalSeconds} s");
        }
        return new Outcome(process.ExitCode, output.Result, error.Result);
    }

    public static Process Start(params string[] arguments) => Start(_ => { }, arguments);

    public static Process Start(Action<ProcessStartInfo> prepare, params string[] arguments)
    {
        var start = new ProcessStartInfo(s_deafToInterrupts ? "env" : "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = RepositoryRoot
        };
        if (s_deafToInterrupts)
        {
            start.ArgumentList.Add("--default-signal=INT");
            start.ArgumentList.Add("dotnet");
        }
        start.ArgumentList.Add(Assembly);
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        prepare(start);
        return Process.Start(start)!;
    }

    static string Locate()
    {
        // .../tests/EdgeML.Cli.Tests/bin/<configuration>/net10.0/: the command was built with the same configuration.
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        return Path.Combine(FindRoot(), "src", "EdgeML.Cli", "bin", configuration, "net10.0", "edgeml.dll");
    }

    static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "EdgeML.Native.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"no EdgeML.Native.sln above {AppContext.BaseDirectory}");
    }
}

/// <summary>What a finished process left.</summary>
sealed record Outcome(int ExitCode, string Output, string Error)
{
    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
