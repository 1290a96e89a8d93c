namespace EdgeML.Cli.Tests.Documentation;

/// <summary>Commands of pages that no test can judge, each with the reason. Paths of this repository among their words must be there all
/// the same.</summary>
static class OutsideCommands
{
    public static readonly IReadOnlyDictionary<string, string> Reasons = new Dictionary<string, string>
    {
        ["apt-get"] = "changes the machine and needs root",
        ["brew"] = "another system",
        ["winget"] = "another system",
        ["docker"] = "needs a daemon",
        ["scp"] = "needs a device",
        ["ssh"] = "needs a device",
        ["file"] = "shows what was published; publishing takes minutes",
        ["git"] = "needs the network",
        ["cp"] = "overwrites a file of the repository",
        ["sha256sum"] = "not part of the project",
        ["head"] = "not part of the project; run where a page is run",
        ["cd"] = "a shell's own",
        ["export"] = "a shell's own",
        ["alias"] = "a shell's own",
        ["openssl"] = "not part of the project; run where a page is run",
        ["chmod"] = "not part of the project",
        ["jq"] = "not part of the project",
        ["python3"] = "training in Python takes minutes and needs packages that CI does not install",
        ["pip"] = "needs the network",
        ["dotnet-counters"] = "a tool that CI does not install",
    };

    /// <summary>Subcommands of <c>dotnet</c> that work outside the repository.</summary>
    public static readonly IReadOnlyDictionary<string, string> DotnetReasons = new Dictionary<string, string>
    {
        ["new"] = "makes a project outside the repository",
        ["add"] = "changes a project outside the repository",
        ["nuget"] = "changes the user's list of package sources",
        ["tool"] = "changes the user's tools",
        ["docfx"] = "a tool that is fetched on request",
    };
}
