using EdgeML.Native.Energy;

namespace EdgeML.Cli.Diagnostics;

/// <summary>Which sensors of energy and clocks answer here, why the others do not, and which one results come from.</summary>
static class SensorSearch
{
    const string Group = "sensors";

    public static IEnumerable<Finding> Find(string root = "/")
    {
        IReadOnlyList<SensorState> sensors = EnergySensors.Look(new EnergySensorOptions { Root = root });
        foreach (SensorState sensor in sensors)
            yield return new Finding(Group, sensor.Name.ToUpperInvariant(), sensor.Usable, sensor.Text, sensor.Looked);
        yield return Clock(root);
        yield return new Finding(Group, "in use", true, InUse(sensors), []);
    }

    static Finding Clock(string root)
    {
        using GpuClock? clock = GpuClock.Open(root, out string reason);
        return new Finding(Group, "GPU clock", clock is not null, clock?.Describe(root) ?? reason, [GpuClock.Place(root)]);
    }

    static string InUse(IReadOnlyList<SensorState> sensors)
    {
        string[] usable = [.. sensors.Where(sensor => sensor.Usable).Select(sensor => sensor.Name)];
        string onProcessor = usable.FirstOrDefault(name => name != EnergySensors.Nvml, EnergySensors.Declared);
        string onGpu = usable.FirstOrDefault(EnergySensors.Declared);
        return onProcessor == onGpu ? Say(onProcessor) : $"{Say(onProcessor)}; for a network on the GPU {Say(onGpu)}";
    }

    static string Say(string source) =>
        source == EnergySensors.Declared ? "declared: the power model of the package's device profile" : source;
}
