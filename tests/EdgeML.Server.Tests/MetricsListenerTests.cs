using System.Diagnostics.Metrics;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Server.Configuration;
using EdgeML.Server.Tests.Connections;

namespace EdgeML.Server.Tests;

/// <summary>Alone: its listener hears every server of the process.</summary>
[CollectionDefinition(nameof(MetricsListenerTests), DisableParallelization = true)]
[Collection(nameof(MetricsListenerTests))]
public class MetricsListenerTests
{
    [Fact]
    public void MetricsListener_ThatThrows_EndsOneConnectionOnly()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions());
        using var listener = new MeterListener
        {
            // Recorded after the answer; counts are read by the listener's own thread.
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == "edgeml.tail.queue.duration") self.EnableMeasurementEvents(instrument);
            },
        };
        bool throws = true;
        listener.SetMeasurementEventCallback<double>((_, _, _, _) =>
        {
            if (Volatile.Read(ref throws)) throw new InvalidOperationException("a listener's own fault");
        });
        listener.Start();
        using (var client = new Peer(server.EndPoint).SayHello())
        {
            client.Ask(1);
            client.ReadToEnd();
        }
        Volatile.Write(ref throws, false);
        Assert.True(SpinWait.SpinUntil(() => server.Connections == 0, TimeSpan.FromSeconds(20)));
        using var next = new Peer(server.EndPoint).SayHello();
        next.Ask(2);
        Assert.Equal(1, server.Faults.Count);
    }
}
