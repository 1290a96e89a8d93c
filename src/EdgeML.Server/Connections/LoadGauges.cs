using System.Diagnostics.Metrics;
using EdgeML.Native.Offload.Wire;

namespace EdgeML.Server.Connections;

/// <summary>The server's load on its meter, read when a listener collects.</summary>
static class LoadGauges
{
    /// <param name="meter">Of the server; ends them.</param>
    /// <param name="services">Whose load is read.</param>
    /// <param name="connections">Clients connected now.</param>
    public static void Add(Meter meter, ConnectionServices services, Func<int> connections)
    {
        meter.CreateObservableGauge("edgeml.tail.connections", connections, "{connection}", "Connected now");
        meter.CreateObservableGauge("edgeml.tail.in_flight", () => services.Compute.InFlight, "{request}", "Requests being received, waiting or computed now");
        meter.CreateObservableGauge("edgeml.tail.queue.length", () => services.Compute.Waiting, "{request}", "Requests that wait for a compute thread now");
        meter.CreateObservableGauge("edgeml.tail.compute.threads", () => services.Options.ComputeThreads, "{thread}", "Compute threads");
        meter.CreateObservableGauge("edgeml.tail.compute.busy", () => Load(services).BusyShare, "1", "Share of the compute threads that is busy, 0..1");
        meter.CreateObservableGauge("edgeml.tail.compute.slowdown", () => Load(services).Slowdown, "1", "Computing time over the profiled one");
        meter.CreateObservableGauge("edgeml.tail.payload.memory", () => services.Staging.Held, "By", "Memory held for payloads");
        meter.CreateObservableGauge("edgeml.tail.payload.limit", () => services.Staging.Most, "By", "Memory that may be held for payloads");
    }

    static TransferTimes Load(ConnectionServices services)
    {
        TransferTimes times = default;
        services.Compute.Stamp(ref times);
        return times;
    }
}
