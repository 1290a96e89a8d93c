namespace EdgeML.Native.Energy;

/// <summary>What became of looking for an energy sensor.</summary>
/// <param name="Name">As <see cref="EnergySensorOptions.Source"/> takes it.</param>
/// <param name="Usable">Whether it answers.</param>
/// <param name="Text">What it measures, or why it cannot be used.</param>
/// <param name="Looked">Paths searched, in order.</param>
public sealed record SensorState(string Name, bool Usable, string Text, IReadOnlyList<string> Looked);
