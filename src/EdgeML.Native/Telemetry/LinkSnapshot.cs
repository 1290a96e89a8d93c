namespace EdgeML.Native.Telemetry;

/// <summary>The client's knowledge of link and tail at one moment. NaN stands for "never measured".</summary>
public struct LinkSnapshot
{
    /// <summary>No tail at all.</summary>
    public static LinkSnapshot None => new()
    {
        RateBitsPerSecond = double.NaN,
        RttMs = double.NaN,
        AgeSeconds = double.PositiveInfinity,
        TailFactor = double.NaN,
        TailQueueMs = double.NaN,
    };

    /// <summary>Whether a request could be sent now: connected, handshake done, nothing stalled.</summary>
    public bool Up;

    /// <summary>Uplink rate in bits per second, from acknowledged bytes, never from queue time.</summary>
    public double RateBitsPerSecond;

    /// <summary>Round-trip time without transfer and computing, milliseconds.</summary>
    public double RttMs;

    /// <summary>Seconds since the rate was last measured; infinite before.</summary>
    public double AgeSeconds;

    /// <summary>Measured tail computing time over its profile; 1 for an idle tail.</summary>
    public double TailFactor;

    /// <summary>Milliseconds a request lately waited on the tail before it was computed.</summary>
    public double TailQueueMs;

    /// <summary>Which of several tails this is; another number is another link, of which nothing is known from before. 0 where there is
    /// one.</summary>
    public int Tail;

    /// <summary>State, rate and round trip in one line.</summary>
    public override readonly string ToString() => !Up && double.IsNaN(RttMs) ? "down, never measured" : FormattableString.Invariant(
        $"{(Up ? "up" : "down")}, {RateBitsPerSecond / 1e6:0.0} Mbit/s, round trip {RttMs:0.00} ms, tail factor {TailFactor:0.00}, tail queue {TailQueueMs:0.00} ms");
}
