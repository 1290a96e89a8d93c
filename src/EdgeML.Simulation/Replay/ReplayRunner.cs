using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Telemetry;
using EdgeML.Simulation.Worlds;

namespace EdgeML.Simulation.Replay;

/// <summary>Runs controllers over scenarios. Several runs of one scenario may run at once.</summary>
public static class ReplayRunner
{
    /// <summary>Runs one seed; the same arguments give the same result, unless decisions are charged by the clock.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="controller">One of <see cref="ReplayControllers.Names"/>.</param>
    /// <param name="seed">Draws jitter, model error, order of inputs, arrivals and the controller's own exploration, each by
    /// itself.</param>
    /// <param name="progress">Gets the number of tasks done, now and then.</param>
    /// <param name="traces">A learning controller's experience, in and out; others ignore it.</param>
    /// <param name="cancellation">Ends the run with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ArgumentException">An unknown controller, or a profile or trace that does not fit.</exception>
    public static ReplayResult Run(
        ReplayScenario scenario, string controller, int seed, Action<int>? progress = null, ReplayTraces? traces = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        return Run(
            scenario, controller, seed, ReplayControllers.DeclaredMicros(controller),
            (world, edge) => ReplayControllers.Create(controller, scenario, world, edge, seed, traces), progress, cancellation);
    }

    /// <summary>Runs one seed under the caller's controller, made as a session makes it
    /// (<see cref="EdgeSessionOptions.CreateController"/>). The same arguments give the same result if the controller itself depends on
    /// nothing else.</summary>
    /// <param name="scenario">The scenario. A decision is charged <see cref="ReplayScenario.DecisionMicros"/>, nothing where that is
    /// null.</param>
    /// <param name="createController">Makes a controller for this run, which disposes it.</param>
    /// <param name="seed">Draws jitter, model error, order of inputs and arrivals, each by itself, and is
    /// <see cref="ControllerContext.Seed"/>.</param>
    /// <param name="progress">Gets the number of tasks done, now and then.</param>
    /// <param name="traces">The context's traces; null for none.</param>
    /// <param name="cancellation">Ends the run with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ArgumentException">A profile or trace that does not fit.</exception>
    public static ReplayResult Run(
        ReplayScenario scenario, Func<ControllerContext, IPolicyController> createController, int seed, Action<int>? progress = null,
        ReplayTraces? traces = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(createController);
        IPolicyController controller = createController(ReplayControllers.Context(scenario, seed, traces));
        return Run(scenario, controller.Name, seed, 0, (_, _) => controller, progress, cancellation);
    }

    static ReplayResult Run(
        ReplayScenario scenario, string name, int seed, double declaredMicros, Func<VirtualWorld, VirtualEdge, IPolicyController> create,
        Action<int>? progress, CancellationToken cancellation)
    {
        long start = ThreadTime.Now;
        double micros = scenario.DecisionMicros ?? declaredMicros;
        VirtualWorld world = scenario.World(seed, withPopulations: name == ReplayControllers.Oracle) with { DecisionMs = micros / 1000 };
        var edge = new VirtualEdge(world);
        VirtualRun run = edge.Run(create(world, edge), progress, cancellation);
        return new ReplayResult(name, seed, scenario, run, double.IsNaN(micros) ? run.Control.DecideMicrosMean : micros)
        {
            ProcessorMs = ThreadTime.MillisecondsSince(start),
        };
    }
}
