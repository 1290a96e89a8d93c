using EdgeML.Native.Telemetry;
using EdgeML.Server.Configuration;
using EdgeML.Server.Requests;
using EdgeML.Server.Scheduling;

namespace EdgeML.Server.Connections;

/// <summary>The parts that the connections of a server share. Any thread.</summary>
sealed class ConnectionServices : IDisposable
{
    long _connections;

    /// <summary>Starts the threads.</summary>
    /// <param name="options">Of the server.</param>
    /// <param name="faults">Called for exceptions that are no client's fault.</param>
    /// <param name="connections">Clients connected now, for metrics.</param>
    public ConnectionServices(TailServerOptions options, BackgroundFaults faults, Func<int> connections)
    {
        Options = options;
        Access = new AccessRules(options.Identities);
        Staging = new StagingBudget(options.MaxPayloadMemory);
        Meters = new TailMeters(Models);
        Compute = new ComputeThreads(options, Meters, faults);
        Hot = new HotThreads(options.BlockingThreads, faults);
        LoadGauges.Add(Meters.Meter, this, connections);
    }

    public TailServerOptions Options { get; }

    public AccessRules Access { get; }

    public ModelDirectory Models { get; } = new();

    public ComputeThreads Compute { get; }

    public HotThreads Hot { get; }

    public StagingBudget Staging { get; }

    public TailMeters Meters { get; }

    /// <summary>A number for a new connection.</summary>
    public long NextConnection() => Interlocked.Increment(ref _connections);

    /// <summary>Ends the threads after the queued requests; after the last connection.</summary>
    public void Dispose()
    {
        Hot.Dispose();
        Compute.Dispose();
        Models.Dispose();
        Meters.Dispose();
    }
}
