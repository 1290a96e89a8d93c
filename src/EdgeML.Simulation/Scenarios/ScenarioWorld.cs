using EdgeML.Native.Models.Manifest;
using EdgeML.Simulation.Worlds;

namespace EdgeML.Simulation.Scenarios;

/// <summary>A scenario as the world of a simulation, and as the truth an oracle knows.</summary>
static class ScenarioWorld
{
    /// <summary>The world of a scenario.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="manifest">The model.</param>
    /// <param name="edge">True times of the emulated edge.</param>
    /// <param name="tail">True times of the idle tail.</param>
    /// <param name="samples">The exits' outputs for the tasks' inputs, in order of the tasks.</param>
    /// <param name="payloadBytes">Bytes every cut puts on the wire.</param>
    public static VirtualWorld Of(
        DemoScenario scenario, ModelManifest manifest, DeviceProfile edge, DeviceProfile tail, ExitCalibration samples,
            IReadOnlyList<long> payloadBytes) => new()
            {
                Manifest = manifest,
                Edge = edge,
                Tail = tail,
                Samples = samples,
                PayloadBytes = payloadBytes,
                Tasks = scenario.Tasks,
                PeriodMs = scenario.PeriodMs,
                DeadlineMs = scenario.DeadlineMs,
                Seed = (int)scenario.Seed,
                Jitter = 0.01,
                Link = (_, task) => Link(scenario.PhaseOf(Math.Min(task, scenario.Tasks - 1))),
                Bounds = (_, task) => scenario.PhaseOf(Math.Min(task, scenario.Tasks - 1)).Bounds,
            };

    static VirtualLink Link(ScenarioPhase phase) => new(phase.Link.RateBitsPerSecond, phase.Link.RttMs, phase.TailFactor);
}
