namespace EdgeML.Native.Inference.Engines;

/// <summary>How far the engines of a model are.</summary>
/// <param name="Engine">The one being made, from 1.</param>
/// <param name="Engines">All of them.</param>
/// <param name="Done">Of this one, 0..1, never falling.</param>
/// <param name="Phase">What the inference library calls the work under way; empty where it says nothing.</param>
public readonly record struct BuildProgress(int Engine, int Engines, double Done, string Phase);
