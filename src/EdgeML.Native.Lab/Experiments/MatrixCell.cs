using EdgeML.Native.Lab.Simulation.Replay;

namespace EdgeML.Native.Lab.Experiments;

/// <summary>One scenario of the matrix and the controllers that run over it.</summary>
/// <param name="Part">What it is asked for.</param>
/// <param name="Link">Name of the link: S2, S3, constant, or a trace's file name.</param>
/// <param name="RttMs">Round-trip time.</param>
/// <param name="RawInput">Whether the input itself may be sent.</param>
/// <param name="Setting">Device and bounds.</param>
/// <param name="Scenario">Everything but controller and seed.</param>
/// <param name="Rows">Names of the controllers, the most important first.</param>
public sealed record MatrixCell(
    MatrixPart Part, string Link, double RttMs, bool RawInput, MatrixSetting Setting, ReplayScenario Scenario, IReadOnlyList<string> Rows)
{
    /// <summary>How inputs shift in the middle of the run, in words.</summary>
    public string Inputs => Scenario.Shift.Before == Scenario.Shift.After
        ? "mixed"
        : Scenario.Shift.Before == InputMix.Easy ? "easy, then hard" : "hard, then easy";

    /// <summary>In one line.</summary>
    public string Name =>
        FormattableString.Invariant($"{Link}, RTT {RttMs:0.#} ms, raw {(RawInput ? "on" : "off")}, {Setting.Name}, {Inputs}");
}
