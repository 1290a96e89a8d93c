using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Telemetry;
using EdgeML.Simulation.Worlds;

namespace EdgeML.Simulation.Replay;

/// <summary>Runs controllers over scenarios. Several runs of one scenario may go on at once.</summary>
public static class ReplayRunner
{
    /// <summary>Runs one seed; the same arguments give the same result, unless decisions are charged by the clock.</summary>
    /// <param name="scenario">What happens.</param>
    /// <param name="controller">One of <see cref="ReplayControllers.Names"/>.</param>
    /// <param name="seed">Draws jitter, model error, order of inputs, arrivals and the controller's own exploration, each by
    /// itself.</param>
    /// <param name="progress">Told now and then how many tasks are done.</param>
    /// <param name="traces">What a learning controller brings along and leaves; others have no use for it.</param>
    /// <param name="cancellation">Ends the run with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ArgumentException">An unknown controller, or a profile or trace that does not fit.</exception>
    public static ReplayResult Run(
        ReplayScenario scenario, string controller, int seed, Action<int>? progress = null, ReplayTraces? traces = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        long start = ThreadTime.Now;
        double micros = scenario.DecisionMicros ?? ReplayControllers.DeclaredMicros(controller);
        VirtualWorld world = scenario.World(seed,
            withPopulations: controller == ReplayControllers.Oracle) with
        { DecisionMs = micros / 1000 };
        var edge = new VirtualEdge(world);
        IPolicyController made = ReplayControllers.Create(controller, scenario, world, edge, seed, traces);
        VirtualRun run = edge.Run(made, progress, cancellation);
        return new ReplayResult(controller, seed, scenario, run, double.IsNaN(micros) ? run.Control.DecideMicrosMean : micros)
        {
            ProcessorMs = ThreadTime.MillisecondsSince(start),
        };
    }
}
