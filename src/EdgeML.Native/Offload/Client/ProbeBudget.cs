using System.Diagnostics;

namespace EdgeML.Native.Offload.Client;

/// <summary>Bytes that pings and probes may take on the link, both directions and what TCP/IP adds; several tails of one edge share it. Any
/// thread.</summary>
/// <remarks>Half of an hour's bytes may be spent at once and half comes back within the hour, so that no hour sees more.</remarks>
/// <param name="bytesPerHour">Null for no limit.</param>
sealed class ProbeBudget(long? bytesPerHour)
{
    const int SegmentHeaders = 40, SegmentPayload = 1448, Headers = 80, Pong = 100;
    const double HourMs = 3_600_000;

    readonly Lock _gate = new();
    double _left = (bytesPerHour ?? 0) / 2.0;
    long _at;

    /// <summary>Bytes of a ping, or of a probe with a payload: its segments, the pong, and what acknowledges them.</summary>
    public static int Cost(int payloadBytes)
    {
        int segments = 1 + ((Headers + payloadBytes - 1) / SegmentPayload);
        int acknowledgements = 1 + ((segments + 1) / 2);
        return Headers + payloadBytes + Pong + (SegmentHeaders * (segments + 1 + acknowledgements));
    }

    /// <summary>Whether it may be sent now.</summary>
    public bool Allows(int payloadBytes, long now)
    {
        if (bytesPerHour is null) return true;
        lock (_gate)
        {
            Refill(now);
            return Cost(payloadBytes) <= _left;
        }
    }

    /// <summary>It is sent.</summary>
    public void Spend(int payloadBytes, long now)
    {
        if (bytesPerHour is null) return;
        lock (_gate)
        {
            Refill(now);
            _left = Math.Max(0, _left - Cost(payloadBytes));
        }
    }

    void Refill(long now)
    {
        if (bytesPerHour is not { } bytes) return;
        double passedMs = _at == 0 ? 0 : (now - _at) * 1000.0 / Stopwatch.Frequency;
        _at = now;
        _left = Math.Min(bytes / 2.0, _left + (passedMs / HourMs * bytes / 2));
    }
}
