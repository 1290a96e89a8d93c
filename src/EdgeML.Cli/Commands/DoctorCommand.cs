using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Diagnostics;
using Spectre.Console;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml doctor</c>.</summary>
sealed class DoctorCommand : CliCommand
{
    readonly Option<string?> _json = SharedOptions.Json();

    public DoctorCommand()
        : base("doctor", "Show this machine's libraries, devices and sensors, and every path searched; never fails.", "edgeml doctor",
            "edgeml doctor --json doctor.json")
        => AddOptions(_json);

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        IReadOnlyList<Finding> findings = MachineInspection.Run();
        Show(findings);
        if (parsed.GetValue(_json) is { } json) JsonFile.Write(json, Json(findings), CommandJson.Default.DoctorJson);
        return Task.FromResult(0);
    }

    static void Show(IReadOnlyList<Finding> findings)
    {
        Terminal.Out.MarkupLineInterpolated($"[bold]edgeml {ProgramVersion.Text}[/]");
        foreach (IGrouping<string, Finding> group in findings.GroupBy(finding => finding.Group))
        {
            Terminal.Out.WriteLine();
            Terminal.Out.MarkupLineInterpolated($"[bold]{group.Key}[/]");
            foreach (Finding finding in group)
            {
                string mark = finding.Present ? "[green]ok[/]" : "[yellow]--[/]";
                Terminal.Out.Markup($"  {mark}");
                // Not through the console's own wrapping, so that paths can be copied.
                string[] lines = [.. Terminal.Lines($"      {finding.Name,-16}{finding.Value}", Terminal.Width)];
                Console.WriteLine(lines[0][4..]);
                foreach (string line in lines[1..]) Console.WriteLine(line);
                foreach (string place in finding.Looked) Terminal.Line($"{"",22}looked at {place}");
            }
        }
    }

    static DoctorJson Json(IReadOnlyList<Finding> findings) => new(
        ProgramVersion.Text, [.. findings.Select(each => new FindingJson(each.Group, each.Name, each.Present, each.Value, each.Looked))]);
}
