namespace EdgeML.Cli.Tests.Samples;

/// <summary>Starts the programs of <c>samples/</c>, which are built with this project.</summary>
static class SampleProcess
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(120);

    public static Outcome Run(string name, params string[] arguments) => ChildProcess.Run(Command(name, arguments), s_limit);

    public static ChildProcess Start(string name, params string[] arguments) => ChildProcess.Start(Command(name, arguments));

    static string[] Command(string name, string[] arguments)
    {
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        string assembly = Path.Combine(EdgemlProcess.RepositoryRoot, "samples", name, "bin", configuration, "net10.0", $"{name}.dll");
        return ["dotnet", assembly, .. arguments];
    }
}
