using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Energy;

/// <summary>Finds this machine's energy sensors: NVML, INA3221, RAPL, and the declared power model where there is
/// nothing.</summary>
public static class EnergySensors
{
    /// <summary>Energy of an NVIDIA board.</summary>
    public const string Nvml = "nvml";

    /// <summary>Power of a Jetson module.</summary>
    public const string Ina3221 = "ina3221";

    /// <summary>Energy of x86 processor packages.</summary>
    public const string Rapl = "rapl";

    /// <summary>No sensor: the power model of the device profile.</summary>
    public const string Declared = "declared";

    /// <summary>Every source, in the order they are tried.</summary>
    public static IReadOnlyList<string> Names { get; } = [Nvml, Ina3221, Rapl, Declared];

    /// <summary>Looks at every sensor, leaves none open.</summary>
    public static IReadOnlyList<SensorState> Look(EnergySensorOptions? options = null)
    {
        options ??= new EnergySensorOptions();
        return [.. Names.Where(name => name != Declared).Select(name => Look(name, options))];
    }

    /// <summary>Opens the sensor asked for, or the first that answers, or the declared model.</summary>
    /// <param name="declared">Power of the device where nothing measures it.</param>
    /// <param name="options">Null for the first that answers, for a network on the processor.</param>
    /// <returns>To be disposed where it is <see cref="IDisposable"/>.</returns>
    /// <exception cref="ArgumentException">An unknown source, or one asked for by name that cannot be used; names the reason.</exception>
    public static IEnergyMeter Open(PowerModel declared, EnergySensorOptions? options = null)
    {
        options ??= new EnergySensorOptions();
        if (options.Source is { } source && !Names.Contains(source))
            throw new ArgumentException($"energy source '{source}' is none of {string.Join(", ", Names)}");
        foreach (string name in options.Source is null ? Names : [options.Source])
        {
            if (name == Declared) break;
            if (options.Source is null && name == Nvml && !options.OnGpu) continue;
            IEnergySensor? sensor = Find(name, options, out string reason);
            if (sensor is not null && SensorEnergyMeter.Start(sensor, declared) is { } meter) return meter;
            if (options.Source is not null)
                throw new ArgumentException($"energy source {name}: {(reason.Length > 0 ? reason : "it shows no energy at all")}");
        }
        return new DeclaredEnergyMeter(declared);
    }

    static SensorState Look(string name, EnergySensorOptions options)
    {
        using IEnergySensor? sensor = Find(name, options, out string reason);
        double value = 0;
        bool answers = sensor is not null && sensor.TryRead(out value);
        string text = sensor is null ? reason
            : !answers ? $"{sensor.Description}, but it does not answer"
            : sensor.IsCounter ? sensor.Description
            : FormattableString.Invariant($"{sensor.Description}, {value:0.00} W now");
        return new SensorState(name, answers, text, name switch
        {
            Nvml => [options.NvmlFile ?? $"{NvmlLibrary.FileName} on the loader's path"],
            Ina3221 => Ina3221Sensor.Places(options.Root),
            _ => [RaplSensor.Place(options.Root)],
        });
    }

    static IEnergySensor? Find(string name, EnergySensorOptions options, out string reason) => name switch
    {
        Nvml => NvmlSensor.Open(options.NvmlFile, options.PciBusId, out reason),
        Ina3221 => Ina3221Sensor.Open(options.Root, out reason),
        _ => RaplSensor.Open(options.Root, out reason),
    };
}

/// <summary>The result of the search for an energy sensor.</summary>
/// <param name="Name">As <see cref="EnergySensorOptions.Source"/> takes it.</param>
/// <param name="Usable">Whether it answers.</param>
/// <param name="Text">Its quantity, or why it cannot be used.</param>
/// <param name="Looked">Paths searched, in order.</param>
public sealed record SensorState(string Name, bool Usable, string Text, IReadOnlyList<string> Looked);
