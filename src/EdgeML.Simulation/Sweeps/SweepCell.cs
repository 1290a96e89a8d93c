using System.Globalization;
using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Sweeps;

/// <summary>One scenario of the sweep and the controllers that run over it.</summary>
/// <param name="Part">Its part of the sweep.</param>
/// <param name="Link">Name of the link: S2, S3, constant, or a trace's file name.</param>
/// <param name="RttMs">Round-trip time.</param>
/// <param name="RawInput">Whether the input itself may be sent.</param>
/// <param name="Setting">Device and bounds.</param>
/// <param name="Scenario">Everything but controller and seed.</param>
/// <param name="Rows">Names of the controllers, the most important first.</param>
sealed record SweepCell(
    SweepPart Part, string Link, double RttMs, bool RawInput, SweepSetting Setting, ReplayScenario Scenario, IReadOnlyList<string> Rows)
{
    /// <summary>The contents of the link, where its name does not tell them: a hash of the trace, or the levels.</summary>
    public string LinkKey { get; init; } = Link;

    /// <summary>Seeds of this cell for each one that is asked for; the paper's rows scatter more than others.</summary>
    public int SeedFactor { get; init; } = 1;

    /// <summary>Where the rows of <see cref="SweepTransfer"/> learned before; null in cells without them.</summary>
    public ReplayScenario? Source { get; init; }

    /// <summary>How inputs shift in the middle of the run, in words.</summary>
    public string Inputs => Scenario.Shift.Before == Scenario.Shift.After
        ? "mixed"
        : Scenario.Shift.Before == InputMix.Easy ? "easy, then hard" : "hard, then easy";

    /// <summary>In one line.</summary>
    public string Name =>
        FormattableString.Invariant($"{Link}, RTT {RttMs:0.#} ms, raw {(RawInput ? "on" : "off")}, {Setting.Name}, {Inputs}");

    /// <summary>Everything that a run of this cell depends on but the files of network and samples, row and seed.</summary>
    internal string Key => string.Create(CultureInfo.InvariantCulture,
        $"{LinkKey}|{RttMs:R}|{RawInput}|{Setting}|{Scenario.Tasks}|{Scenario.ComputeJitter:R}|{Scenario.Mismatch:R}|{Scenario.Shift}|") +
        $"{Scenario.Power}|{Source?.Profile.Edge.Device}|{Source?.Bounds}";
}

/// <summary>Device and bounds of a cell.</summary>
/// <param name="Device">Column of the profile.</param>
/// <param name="LatencyMs">Bound on latency.</param>
/// <param name="Ghz">Bound on energy, as the paper's frequency.</param>
sealed record SweepSetting(string Device, double LatencyMs, double Ghz)
{
    /// <summary>The three of the acceptance.</summary>
    public static IReadOnlyList<SweepSetting> All { get; } = [new("tx2", 100, 1.2), new("tx2", 100, 0.7), new("nano", 100, 0.85)];

    /// <summary>In a few words.</summary>
    public string Name => FormattableString.Invariant($"{Device} {LatencyMs:0.#} ms {Ghz:0.###} GHz");
}

/// <summary>The parts of the sweep.</summary>
enum SweepPart
{
    /// <summary>Goodput against baselines and oracle: model error, jitter, a shift of inputs.</summary>
    Acceptance = 0,

    /// <summary>A constant link and an exact profile, where planning is optimal.</summary>
    Exact = 1,

    /// <summary>The paper's own scenario, without model error and shift: directions among its rows.</summary>
    Paper = 2,
}
