using EdgeML.Native;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Baselines;
using EdgeML.Simulation.Replay;
using EdgeML.Simulation.Scenarios;
using EdgeML.Simulation.Worlds;

namespace EdgeML.Cli.Demo;

/// <summary>A controller of the demo.</summary>
/// <param name="Name">As in <c>--rows</c>.</param>
/// <param name="Note">Its description, in a line.</param>
/// <param name="UsesTail">Whether it needs a tail.</param>
/// <param name="Controller">Makes it.</param>
sealed record DemoRow(string Name, string Note, bool UsesTail, Func<ControllerContext, IPolicyController> Controller)
{
    /// <summary>The paper's learner, under a name that says it starts untrained.</summary>
    public const string Cold = "ddpg-cold";

    /// <summary>The fixed policy that hindsight finds.</summary>
    public const string BestFixed = "best-fixed";

    /// <summary>The report has a colour for each.</summary>
    public const int MostBaselines = 5;

    /// <summary>The baselines beside <c>edgeml</c> unless others are asked for.</summary>
    public static IReadOnlyList<string> UsualBaselines { get; } =
        [Cold, PolicyControllers.EdgeOnly, PolicyControllers.TailOnly, BestFixed, ReplayControllers.Oracle];

    /// <summary>Every baseline there is.</summary>
    public static IReadOnlyList<string> Baselines { get; } =
    [
        .. UsualBaselines,
        .. BaselineControllers.Names.Except([PolicyControllers.Fixed, PolicyControllers.EdgeML, PolicyControllers.Ddpg, .. UsualBaselines]),
    ];

    /// <summary>Baselines from a list with commas; <c>ddpg</c> is <c>ddpg-cold</c>, <c>edgeml</c> always runs first, and alone where it is the
    /// only one named.</summary>
    /// <exception cref="ArgumentException">An unknown name, one twice, or more than there are colours for.</exception>
    public static IReadOnlyList<string> ParseBaselines(string list)
    {
        string[] names = [.. list.Split(',').Where(name => name != PolicyControllers.EdgeML)
            .Select(name => name == PolicyControllers.Ddpg ? Cold : name)];
        if (names.FirstOrDefault(name => !Baselines.Contains(name)) is { } unknown)
            throw new ArgumentException($"row '{unknown}' of --rows is none of {string.Join(", ", Baselines)}{NearestName.Hint(unknown, Baselines)}");
        if (names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ArgumentException($"row '{twice.Key}' of --rows is given {twice.Count()} times");
        return names.Length <= MostBaselines
            ? names
            : throw new ArgumentException($"--rows has {names.Length} baselines beside edgeml, at most {MostBaselines} are possible");
    }

    /// <summary><c>edgeml</c> and its baselines.</summary>
    public static DemoRow[] Make(
        IReadOnlyList<string> baselines, ModelManifest manifest, VirtualWorld world, FixedPolicyGrid grid, ExitPolicy bestFixed)
    {
        return [.. baselines.Prepend(PolicyControllers.EdgeML).Select(Of)];

        DemoRow Of(string name) => name switch
        {
            PolicyControllers.EdgeML => Named(name, "learner started from and guarded by the planner"),
            Cold => new(name, "the paper's learner, knowing nothing at first", true,
                context => BaselineControllers.Create(PolicyControllers.Ddpg, context)),
            PolicyControllers.EdgeOnly => new(name, "whole network on the edge, no exits", false, Fixed(manifest.LocalCut)),
            PolicyControllers.TailOnly => new(name, "every input sent, no exits", true, Fixed(0)),
            BestFixed => new(name, $"{bestFixed}; best of {grid.Policies} with hindsight", true,
                context => BaselineControllers.Create(PolicyControllers.Fixed, context with { FixedPolicy = bestFixed })),
            ReplayControllers.Oracle => new(name, "knows the true link and how hard inputs are", true,
                context => new OracleController(world, context.Model)),
            PolicyControllers.Planner => Named(name, "plans on the cost model, corrected by measured tasks"),
            BaselineControllers.Neurosurgeon => Named(name, "the best cut without exits, chosen once"),
            BaselineControllers.NeurosurgeonLive => Named(name, "the best cut without exits, chosen again when the link moves"),
            BaselineControllers.Nsga3 => Named(name, "NSGA-III, every candidate executed, the oldest measured again"),
            BaselineControllers.Nsga3Stale => Named(name, "NSGA-III, every candidate executed once"),
            BaselineControllers.Nsga3Model => Named(name, "NSGA-III on the cost model"),
            PolicyControllers.DdpgFirst => Named(name, "the paper's learner, one threshold: the first exit's"),
            PolicyControllers.DdpgLast => Named(name, "the paper's learner, one threshold: the last exit's"),
            PolicyControllers.DdpgNonBranch => Named(name, "the paper's learner without exits"),
            _ => Named(name, ""),
        };

        static DemoRow Named(string name, string note) => new(name, note, true, context => BaselineControllers.Create(name, context));

        Func<ControllerContext, IPolicyController> Fixed(int cut) => context => BaselineControllers.Create(PolicyControllers.Fixed,
            context with { FixedPolicy = new ExitPolicy(new float[manifest.SideExits], cut, ControlIntervals.MaxInterval) });
    }
}
