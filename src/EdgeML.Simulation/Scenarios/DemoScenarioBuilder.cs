using EdgeML.Native.Control.Costs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Training.Data;

namespace EdgeML.Simulation.Scenarios;

/// <summary>Makes a demo scenario for a model on a machine: the emulated edge, bounds that admit some policies and exclude others, phases
/// from a seed.</summary>
/// <remarks>Everything is relative to the measured times of this machine, so that the scenario is the same on a slow and on a fast
/// one.</remarks>
sealed class DemoScenarioBuilder
{
    enum Kind
    {
        Fast,
        Slow,
        Poor,
        Busy,
        Outage,
        Saving,
    }

    readonly record struct Step(Kind Kind, double Share, double Rate = 0);

    // Shares of the tasks. Roughly a third of them can only be answered here, a quarter only by the tail.
    static readonly Step[] s_steps =
    [
        new(Kind.Fast, 0.09), new(Kind.Slow, 0.11), new(Kind.Poor, 0.09, 0.6e6), new(Kind.Fast, 0.04), new(Kind.Busy, 0.08),
            new(Kind.Fast, 0.05),
        new(Kind.Saving, 0.28), new(Kind.Fast, 0.03), new(Kind.Slow, 0.08), new(Kind.Outage, 0.06), new(Kind.Poor, 0.05, 0.4e6),
            new(Kind.Fast, 0.04),
    ];

    readonly ModelManifest _manifest;
    readonly DeviceProfile _machine;
    readonly IReadOnlyList<long> _payloadBytes;
    readonly DemoTuning _tuning;

    /// <summary>Prepares bounds and emulation.</summary>
    /// <param name="manifest">The model; it needs at least one side exit.</param>
    /// <param name="machine">Measured times of this machine.</param>
    /// <param name="payloadBytes">Bytes every cut puts on the wire under the codec in use.</param>
    /// <param name="tuning">Null for the defaults.</param>
    /// <exception cref="ArgumentException">A model without side exits: there is nothing to control.</exception>
    public DemoScenarioBuilder(ModelManifest manifest, DeviceProfile machine, IReadOnlyList<long> payloadBytes, DemoTuning? tuning = null)
    {
        if (manifest.SideExits < 1) throw new ArgumentException($"model {manifest.Name} has no side exits; the demo needs at least one");
        (_manifest, _machine, _payloadBytes, _tuning) = (manifest, machine, payloadBytes, tuning ?? new DemoTuning());
        EdgeSlowdown = Math.Max(1, _tuning.Exit1Ms / PathMs(machine, 1));
        Edge = machine.Scaled(EdgeSlowdown) with { Device = $"{machine.Device}, {EdgeSlowdown:0.#} times slower" };
        (Bounds, SavingBounds) = Place();
        // Even answers of exit 1 of a busy tail are late.
        BusyTailFactor = Math.Max(1, 1.2 * Bounds.LatencyMs / PathMs(machine, 1));
    }

    /// <summary>Times of the emulated edge.</summary>
    public DeviceProfile Edge { get; }

    /// <summary>How many times slower the emulated edge is than this machine.</summary>
    public double EdgeSlowdown { get; }

    /// <summary>The bounds of most phases.</summary>
    public Requirements Bounds { get; }

    /// <summary>The bounds of the phase in which the user wants to save energy.</summary>
    public Requirements SavingBounds { get; }

    /// <summary>How many times slower the tail computes while it is busy.</summary>
    public double BusyTailFactor { get; }

    /// <summary>The scenario with the link of the demo itself.</summary>
    /// <param name="tasks">Number of tasks, at least 50.</param>
    /// <param name="seed">Draws lengths and rates of the phases.</param>
    public DemoScenario Build(int tasks, ulong seed)
    {
        if (tasks < MinTasks) throw new ArgumentException($"{tasks} tasks, the demo needs at least {MinTasks}");
        var random = new SampleRandom(seed, 0x5CE0A210);
        double[] lengths = [.. s_steps.Select(step => step.Share * (1 + (random.NextFloat(-1, 1) * _tuning.LengthJitter)))];
        double total = lengths.Sum(), until = 0;
        var phases = new List<ScenarioPhase>(s_steps.Length);
        for (int i = 0; i < s_steps.Length; i++)
        {
            int first = phases.Count == 0 ? 0 : phases[^1].End;
            until += lengths[i];
            int end = i == s_steps.Length - 1 ? tasks : Math.Max(first + 1, (int)Math.Round(tasks * until / total));
            phases.Add(Phase(s_steps[i], first, end - first, ref random));
        }
        return Scenario(phases, seed);
    }

    /// <summary>The scenario with a link from elsewhere; bounds and tail change where they do without.</summary>
    /// <param name="tasks">Number of tasks, at least 50.</param>
    /// <param name="seed">Draws lengths of the phases.</param>
    /// <param name="link">The link at a time in seconds from the start.</param>
    public DemoScenario Build(int tasks, ulong seed, Func<double, LinkCondition> link)
    {
        DemoScenario usual = Build(tasks, seed);
        var phases = new List<ScenarioPhase>();
        for (int i = 0; i < tasks; i++)
        {
            ScenarioPhase like = usual.PhaseOf(i);
            LinkCondition condition = link(i * usual.PeriodMs / 1000);
            if (phases.Count > 0 && phases[^1] is var last && last.Link == condition && last.TailFactor == like.TailFactor
                && last.Bounds == like.Bounds)
                phases[^1] = last with { Tasks = last.Tasks + 1 };
            else
                phases.Add(new ScenarioPhase(condition.RateText, i, 1, condition, like.TailFactor, like.Bounds));
        }
        return Scenario(phases, seed);
    }

    /// <summary>The fewest tasks that leave every phase a few.</summary>
    public const int MinTasks = 50;

    DemoScenario Scenario(IReadOnlyList<ScenarioPhase> phases, ulong seed) =>
        new(phases, seed, _tuning.PeriodMs, Bounds.LatencyMs, EdgeSlowdown);

    ScenarioPhase Phase(Step step, int first, int tasks, ref SampleRandom random)
    {
        double scale = 1 + (random.NextFloat(-1, 1) * _tuning.LinkJitter), delay = 1 + (random.NextFloat(-1, 1) * _tuning.LinkJitter);
        double rate = scale * step.Kind switch
        {
            Kind.Slow => _tuning.SlowRate,
            Kind.Poor => step.Rate,
            Kind.Outage => 0,
            _ => _tuning.FastRate,
        };
        var link = new LinkCondition(1e3 * Math.Round(rate / 1e3),
            Math.Round(delay * (step.Kind is Kind.Poor or Kind.Outage ? _tuning.PoorRttMs : _tuning.RttMs), 1));
        string name = step.Kind switch
        {
            Kind.Busy => "busy tail",
            Kind.Outage => "outage",
            Kind.Saving => "save energy",
            Kind.Poor => $"{step.Rate / 1e6:0.#} Mbps",
            Kind.Slow => $"{_tuning.SlowRate / 1e6:0.#} Mbps",
            _ => $"{_tuning.FastRate / 1e6:0.#} Mbps",
        };
        return new ScenarioPhase(name, first, tasks, link, step.Kind == Kind.Busy ? BusyTailFactor : 1,
            step.Kind == Kind.Saving ? SavingBounds : Bounds);
    }

    (Requirements Usual, Requirements Saving) Place()
    {
        int cut = _manifest.Exits[0].AfterUnit;
        double exit1Ms = PathMs(Edge, 1);
        (double rawFast, double rawFastJ) = Offload(0, 0, _tuning.FastRate);
        (double rawSlow, _) = Offload(0, 0, _tuning.SlowRate);
        (double deepSlow, double deepSlowJ) = Offload(cut, exit1Ms, _tuning.SlowRate);
        double exit1J = Edge.Power.Joules(exit1Ms, exit1Ms, 0);

        double[] exitMs = [.. Enumerable.Range(1, _manifest.Exits.Count).Select(exit => PathMs(Edge, exit))];
        double[] exitJ = [.. exitMs.Select(ms => Edge.Power.Joules(ms, ms, 0))];

        // On the slow link the deeper cut fits and the input does not, where the model allows to tell them apart.
        double least = 1.2 * Math.Max(exit1Ms, rawFast);
        double latency = rawSlow > 1.1 * deepSlow && rawSlow > least
            ? Apart(Math.Max(deepSlow, least), rawSlow, [deepSlow, rawSlow, .. exitMs])
            : Math.Max(least, 1.3 * Math.Max(deepSlow, rawSlow));
        double dear = Math.Max(deepSlowJ, exit1J);
        double energy = Apart(1.1 * dear, 1.45 * dear, [dear, .. exitJ]);
        double saving = Math.Sqrt(rawFastJ * exit1J);
        return (new Requirements(Math.Round(latency, 1), Math.Round(energy, 3)),
            new Requirements(Math.Round(latency, 1), Math.Round(saving, 3)));
    }

    // At a bound equal to some exit's cost, measuring noise would decide: so it is as far from all of them as the range allows.
    static double Apart(double low, double high, ReadOnlySpan<double> costs)
    {
        const int Steps = 40;
        (double best, double widest) = (low, -1);
        for (int step = 0; step <= Steps; step++)
        {
            double bound = low + ((high - low) * step / Steps), gap = double.PositiveInfinity;
            foreach (double cost in costs) gap = Math.Min(gap, Math.Abs(bound - cost));
            if (gap > widest) (best, widest) = (bound, gap);
        }
        return best;
    }

    (double Ms, double Joules) Offload(int cut, double edgeMs, double rate)
    {
        double sendMs = (_payloadBytes[cut] + CostModel.FrameBytes) * 8000 / rate;
        double tailMs = _machine.UnitMs.Skip(cut).Sum();
        double ms = edgeMs + _tuning.RttMs + sendMs + tailMs;
        return (ms, Edge.Power.Joules(ms, edgeMs, sendMs));
    }

    double PathMs(DeviceProfile profile, int exit) =>
        profile.UnitMs.Take(_manifest.Exits[exit - 1].AfterUnit).Sum() + profile.HeadMs.Take(exit).Sum();
}
