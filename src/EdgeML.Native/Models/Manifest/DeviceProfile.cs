namespace EdgeML.Native.Models.Manifest;

/// <summary>One device's time for every unit and head of one model, and its power; immutable.</summary>
public sealed record DeviceProfile
{
    /// <summary>Name for people.</summary>
    public required string Device { get; init; }

    /// <summary>Milliseconds of unit 1, 2, ... (median of single runs after warm-up).</summary>
    public required IReadOnlyList<double> UnitMs { get; init; }

    /// <summary>Milliseconds of the head of side exit 1, 2, ...</summary>
    public required IReadOnlyList<double> HeadMs { get; init; }

    /// <summary>Milliseconds that the encoder of the package's bottleneck 1, 2, ... takes; empty where not measured.</summary>
    public IReadOnlyList<double> EncodeMs { get; init; } = [];

    /// <summary>The same of the decoders.</summary>
    public IReadOnlyList<double> DecodeMs { get; init; } = [];

    /// <summary>The declared power model, used where no sensor is read.</summary>
    public PowerModel Power { get; init; } = PowerModel.Default;

    /// <summary>The same device slowed down or sped up by a factor; power is unchanged.</summary>
    public DeviceProfile Scaled(double factor) => this with
    {
        UnitMs = [.. UnitMs.Select(ms => ms * factor)],
        HeadMs = [.. HeadMs.Select(ms => ms * factor)],
        EncodeMs = [.. EncodeMs.Select(ms => ms * factor)],
        DecodeMs = [.. DecodeMs.Select(ms => ms * factor)],
    };

    /// <summary>The device and its times in one line.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{Device}: {UnitMs.Sum():0.00} ms for {UnitMs.Count} units, {HeadMs.Sum():0.00} ms for {HeadMs.Count} heads; {Power}");
}

/// <summary>A declared power model: a task costs idle power for its whole latency, and in addition the difference to busy
/// power while the edge computes and radio power while it sends.</summary>
/// <param name="IdleWatts">Drawn always.</param>
/// <param name="BusyWatts">Drawn while computing, idle power included.</param>
/// <param name="RadioWatts">Drawn in addition to idle while bytes are being sent.</param>
public record PowerModel(double IdleWatts, double BusyWatts, double RadioWatts)
{
    /// <summary>A small single-board computer: 2 W idle, 8 W computing, 1.2 W radio.</summary>
    public static PowerModel Default { get; } = new(2.0, 8.0, 1.2);

    /// <summary>Joules of one task on the edge device.</summary>
    /// <param name="latencyMs">End to end.</param>
    /// <param name="busyMs">Computing on the edge.</param>
    /// <param name="radioMs">Sending.</param>
    public virtual double Joules(double latencyMs, double busyMs, double radioMs) =>
        ((IdleWatts * latencyMs) + ((BusyWatts - IdleWatts) * busyMs) + (RadioWatts * radioMs)) / 1000.0;
}
