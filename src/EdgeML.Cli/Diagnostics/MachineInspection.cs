namespace EdgeML.Cli.Diagnostics;

/// <summary>This machine's libraries, devices and sensors. Looks, loads libraries for a moment, changes nothing, never throws.</summary>
public static class MachineInspection
{
    /// <summary>Every finding, grouped in the order to show them.</summary>
    public static IReadOnlyList<Finding> Run() =>
    [
        .. ProcessorSearch.Find(),
        .. SchedulingSearch.Find(),
        .. BackendSearch.Find(),
        .. SensorSearch.Find(),
        .. ModelSearch.Find(),
    ];
}
