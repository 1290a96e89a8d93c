using System.CommandLine;
using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml doctor</c>.</summary>
sealed class DoctorCommand : CliCommand
{
    readonly Option<string?> _json = SharedOptions.Json();

    public DoctorCommand()
        : base("doctor", "Show what this machine offers and where was looked for it; never fails.", "edgeml doctor", "edgeml doctor --json doctor.json")
        => AddOptions(_json);

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        Console.WriteLine($"{Environment.ProcessorCount} processors, {System.Runtime.InteropServices.RuntimeInformation.OSDescription}");
        if (parsed.GetValue(_json) is { } json) JsonFile.Write(json, writer => writer.WriteNumber("processors", Environment.ProcessorCount));
        return Task.FromResult(0);
    }
}
