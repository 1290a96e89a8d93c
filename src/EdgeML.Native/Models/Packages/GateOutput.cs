namespace EdgeML.Native.Models.Packages;

/// <summary>A side exit that is decided inside a joined model.</summary>
/// <param name="Exit">From 1.</param>
/// <param name="Output">Index of the output with its logits.</param>
readonly record struct GateOutput(int Exit, int Output);
