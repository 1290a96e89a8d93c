namespace EdgeML.Native.Inference.Streams;

/// <summary>Where frames come from: a camera, a recording, a generator.</summary>
public interface IFrameSource
{
    /// <summary>Reads the next frame and blocks until it is there. Called by one thread, the runner's reading thread. An exception ends the
    /// run, which throws it.</summary>
    /// <param name="frame">To be filled: <see cref="FrameBuffer.Resize"/>, then <see cref="FrameBuffer.Pixels"/>. Its memory is used again
    /// and holds an older frame.</param>
    /// <param name="cancellation">The run ends; a source that waits long should end its wait.</param>
    /// <returns>False after the last frame.</returns>
    bool Read(FrameBuffer frame, CancellationToken cancellation);
}
