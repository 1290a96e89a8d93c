using System.Globalization;
using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Sweeps;

/// <summary>One scenario of the matrix and the controllers that run over it.</summary>
/// <param name="Part">What it is asked for.</param>
/// <param name="Link">Name of the link: S2, S3, constant, or a trace's file name.</param>
/// <param name="RttMs">Round-trip time.</param>
/// <param name="RawInput">Whether the input itself may be sent.</param>
/// <param name="Setting">Device and bounds.</param>
/// <param name="Scenario">Everything but controller and seed.</param>
/// <param name="Rows">Names of the controllers, the most important first.</param>
sealed record SweepCell(
    SweepPart Part, string Link, double RttMs, bool RawInput, SweepSetting Setting, ReplayScenario Scenario, IReadOnlyList<string> Rows)
{
    /// <summary>What the link is made of, where its name does not say it: a hash of the trace, or the levels.</summary>
    public string LinkKey { get; init; } = Link;

    /// <summary>Seeds of this cell for each one that is asked for; the paper's rows scatter more than ours.</summary>
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
