using EdgeML.Native.Inference.Sessions;

namespace EdgeML.Native.Inference.Streams;

/// <summary>Which frames are answered.</summary>
public enum FrameSelection
{
    /// <summary>The newest one: a frame that comes while all workers are busy replaces the one that waits.</summary>
    Newest,

    /// <summary>Every one, in order; while <see cref="FrameRunnerOptions.QueueLength"/> frames wait, none is read.</summary>
    Every,
}

/// <summary>How a <see cref="FrameRunner"/> reads and answers.</summary>
public sealed record FrameRunnerOptions
{
    /// <summary>Which frames are answered.</summary>
    public FrameSelection Selection { get; init; } = FrameSelection.Newest;

    /// <summary>Frames read per second, for recordings and generators; null reads as fast as the source delivers, right for cameras.</summary>
    public double? FramesPerSecond { get; init; }

    /// <summary>A frame that is answered later than so many milliseconds after it was taken counts as late. Null for the session's own deadline:
    /// <see cref="EdgeSessionOptions.DeadlineMs"/>, or else the bound on latency. The tail and standby exits always work to the
    /// session's.</summary>
    public double? DeadlineMs { get; init; }

    /// <summary>Frames answered at the same time, at most the session's <see cref="EdgeSessionOptions.InFlight"/>. More than one pays where
    /// frames wait for a tail. Results keep the order of frames.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Frames that may wait under <see cref="FrameSelection.Every"/>.</summary>
    public int QueueLength { get; init; } = 4;

    /// <exception cref="ArgumentException">An option with a value that it cannot have.</exception>
    internal void Check(int inFlight)
    {
        OptionRule.Named(Selection, nameof(Selection));
        if (FramesPerSecond is { } rate) OptionRule.Positive(rate, nameof(FramesPerSecond));
        if (DeadlineMs is { } deadline) OptionRule.Bound(deadline, nameof(DeadlineMs));
        OptionRule.Within(Workers, 1, inFlight, nameof(Workers));
        OptionRule.Within(QueueLength, 1, 1 << 16, nameof(QueueLength));
    }
}
