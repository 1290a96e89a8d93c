using System.CommandLine;

namespace EdgeML.Cli.Commands;

/// <summary>Every command, in the order the help shows them.</summary>
static class CommandList
{
    public static IReadOnlyList<Func<Command>> All { get; } =
    [
        () => new PrepareCommand(),
        () => new BranchCommand(),
        () => new QuantizeCommand(),
        () => new InspectCommand(),
        () => new SignCommand(),
        () => new BuildCommand(),
        () => new DataCommand(),
        () => new RunCommand(),
        () => new TailCommand(),
        () => new ServeCommand(),
        () => new CurveCommand(),
        () => new RecordCommand(),
        () => new ProfileCommand(),
        () => new CalibrateCommand(),
        () => new CodecsCommand(),
        () => new SimulateCommand(),
        () => new SweepCommand(),
        () => new ValidationCommand(),
        () => new DemoCommand(),
        () => new DoctorCommand(),
    ];
}
