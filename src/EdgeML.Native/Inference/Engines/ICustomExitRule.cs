using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Inference.Engines;

/// <summary>A program's own exit rule, for packages with <c>custom:NAME</c>; given as <see cref="BackendOptions.CustomExitRule"/> wherever
/// such a package is loaded, on the edge and on the tail.</summary>
public interface ICustomExitRule
{
    /// <summary>The NAME.</summary>
    string Name { get; }

    /// <summary>How unsure a side exit is. The exit answers where that is strictly below its threshold.</summary>
    /// <param name="exit">The side exit, from 1.</param>
    /// <param name="output">Its output for one input, free of NaN; valid during the call.</param>
    /// <returns>0..1, and cut off there; NaN keeps the exit from answering.</returns>
    /// <remarks>It must depend on its arguments alone: edge and tail, and calibration, ask about the same outputs. Any thread, several at a
    /// time; it is part of a task's time and should allocate nothing. An exception keeps the exit from answering; the first one is in
    /// <see cref="Sessions.EdgeSession.BackgroundFaults"/>.</remarks>
    float Uncertainty(int exit, ReadOnlySpan<float> output);
}
