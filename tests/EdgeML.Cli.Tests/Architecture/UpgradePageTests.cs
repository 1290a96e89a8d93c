using System.Text.RegularExpressions;
using Mono.Cecil;

namespace EdgeML.Cli.Tests.Architecture;

public partial class UpgradePageTests
{
    [GeneratedRegex("`([A-Za-z0-9.]+)`")]
    static partial Regex Code { get; }

    [Fact]
    public void Types_NewNames_AreInTheAssemblies()
    {
        var types = new HashSet<string>();
        foreach (string project in (string[])["EdgeML.Native", "EdgeML.Training", "EdgeML.Simulation", "EdgeML.Server", "EdgeML.Server.Http"])
        {
            using ModuleDefinition module = ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, $"{project}.dll"));
            types.UnionWith(module.Types.Where(type => type.IsPublic).Select(type => type.FullName));
        }
        string page = File.ReadAllText(Path.Combine(EdgemlProcess.RepositoryRoot, "docs", "upgrade.md"));
        string[] rows = [.. page[page.IndexOf("## Types", StringComparison.Ordinal)..page.IndexOf("## Members", StringComparison.Ordinal)]
            .Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal))];
        Assert.True(rows.Length > 20, $"{rows.Length} rows");
        foreach (string row in rows)
        {
            string[] cells = row.Split('|', StringSplitOptions.TrimEntries);
            string now = Code.Match(cells[2]).Groups[1].Value;
            if (!cells[1].Contains("`:"))
            {
                Assert.Contains(now, types);
                continue;
            }
            foreach (Match name in Code.Matches(cells[1][(cells[1].IndexOf(':') + 1)..]))
                Assert.Contains($"{now}.{name.Groups[1].Value}", types);
        }
    }
}
