using EdgeML.Native.Models.Manifest;

namespace EdgeML.Simulation.Replay;

/// <summary>The paper's stand-in for power, a GPU frequency in GHz, in place of joules: f_idle + (f_max - f_idle) x share of time
/// busy.</summary>
/// <remarks>
/// The workable form takes the share of the latency bound: min(1, busy / L_usr), so that an answer well before the bound costs less. The
/// literal form takes the share of the task's own latency, under which every answer of the edge runs at f_max.
/// </remarks>
/// <param name="IdleGhz">f_idle.</param>
/// <param name="MaxGhz">f_max.</param>
/// <param name="BoundMs">L_usr in milliseconds; NaN for the literal form.</param>
public sealed record FrequencyProxy(double IdleGhz, double MaxGhz, double BoundMs) : PowerModel(0, 0, 0)
{
    /// <summary>f_idle of both boards, GHz.</summary>
    public const double DefaultIdleGhz = 0.114;

    /// <summary>f_max of a device by name, GHz: 0.92 for a Nano, 1.30 for a TX2 and everything else.</summary>
    public static double MaxGhzOf(string device) => device == "nano" ? 0.92 : 1.30;

    /// <inheritdoc/>
    public override double Joules(double latencyMs, double busyMs, double radioMs)
    {
        double share = double.IsNaN(BoundMs) ? (latencyMs > 0 ? busyMs / latencyMs : 0) : busyMs / BoundMs;
        return IdleGhz + ((MaxGhz - IdleGhz) * Math.Min(1, share));
    }
}
