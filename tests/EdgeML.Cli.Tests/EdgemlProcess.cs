using EdgeML.Training.Data;

namespace EdgeML.Cli.Tests;

/// <summary>Runs the built command as its own process, the way a script does.</summary>
static class EdgemlProcess
{
    public static string RepositoryRoot { get; } =
        ProjectFolders.SourceTree ?? throw new InvalidOperationException("no source tree around the tests");

    public static string Assembly { get; } = Locate();

    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    // A shell starts background jobs with SIGINT ignored, nohup starts its program with SIGHUP ignored, children inherit that, and nothing could
    // interrupt or reload them.
    static readonly string[] s_ignored = OperatingSystem.IsLinux() ? Ignored() : [];

    public static Outcome Run(params string[] arguments) => Run(s_limit, arguments);

    public static Outcome Run(TimeSpan limit, params string[] arguments) => RunIn(RepositoryRoot, limit, arguments);

    public static Outcome RunIn(string folder, TimeSpan limit, params string[] arguments) =>
        ChildProcess.Run(Command(arguments), limit, folder: folder);

    public static Outcome Run(IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        ChildProcess.Run(Command(arguments), s_limit, environment, RepositoryRoot);

    /// <summary>Runs it as part of a shell's line.</summary>
    /// <param name="script">The command is <c>"$@"</c> in it.</param>
    /// <param name="arguments">Of the command.</param>
    public static Outcome RunInShell(string script, params string[] arguments) =>
        ChildProcess.Run(["sh", "-c", script, "sh", .. Command(arguments)], s_limit, folder: RepositoryRoot);

    /// <summary>Starts it as part of a shell's line.</summary>
    /// <inheritdoc cref="RunInShell" path="/param"/>
    public static ChildProcess StartInShell(string script, params string[] arguments) =>
        ChildProcess.Start(["sh", "-c", script, "sh", .. Command(arguments)], folder: RepositoryRoot);

    public static ChildProcess Start(params string[] arguments) => ChildProcess.Start(Command(arguments), folder: RepositoryRoot);

    public static string[] Command(params string[] arguments) =>
        [.. s_ignored.Length > 0 ? ["env", $"--default-signal={string.Join(',', s_ignored)}"] : Array.Empty<string>(), "dotnet", Assembly, .. arguments];

    static string[] Ignored()
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal));
        ulong mask = Convert.ToUInt64(line[7..].Trim(), 16);
        return [.. new[] { "HUP", "INT" }.Where((_, number) => (mask >> number & 1) != 0)];
    }

    static string Locate()
    {
        // .../tests/EdgeML.Cli.Tests/bin/<configuration>/net10.0/: the command was built with the same configuration.
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        return Path.Combine(RepositoryRoot, "src", "EdgeML.Cli", "bin", configuration, "net10.0", "edgeml.dll");
    }
}
