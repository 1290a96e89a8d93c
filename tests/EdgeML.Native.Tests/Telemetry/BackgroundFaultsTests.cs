using System.Diagnostics.Metrics;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Energy;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Offload.Transport;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Server;
using EdgeML.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace EdgeML.Native.Tests.Telemetry;

/// <summary>No exception ends a background thread unseen: an unhandled one would end the process that runs these tests.</summary>
public sealed class BackgroundFaultsTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void Add_ManyFaults_CountsAllAndKeepsTheFirst()
    {
        var faults = new BackgroundFaults();
        Assert.Equal(0, faults.Count);
        Assert.Empty(faults.Texts);
        for (int i = 0; i < 100; i++) faults.Add("work", "is left out", new InvalidDataException($"fault {i}\nof 100"));
        Assert.Equal(100, faults.Count);
        Assert.Equal(8, faults.Texts.Length);
        Assert.Equal("work: is left out (InvalidDataException: fault 0 of 100)", faults.Texts[0]);
    }

    [Fact]
    public void Add_ListenerOfTheMeter_CountsByThreadAndMayThrow()
    {
        string thread = $"work {Guid.NewGuid()}";
        long counted = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == EdgeMetrics.MeterName && instrument.Name == "edgeml.background.faults")
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
        {
            if (tags.Length != 1 || tags[0].Key != "thread" || !thread.Equals(tags[0].Value)) return;
            counted += count;
            throw new InvalidOperationException("a listener that fails");
        });
        listener.Start();
        var faults = new BackgroundFaults();
        faults.Add(thread, "is left out", new TimeoutException());
        Assert.Equal(1, counted);
        Assert.Equal(1, faults.Count);
    }

    [Fact]
    public void BackgroundLearner_UpdateThrows_LearningStopsAndDecidingGoesOn()
    {
        var agent = new DdpgAgent(new DdpgOptions(), 3, 5, 1);
        using var learner = new BackgroundLearner(agent, budget: 0.02, updating: () => throw new InvalidDataException("no update today"));
        float[] state = new float[3], action = new float[5], before = new float[5], after = new float[5];
        learner.Networks.Act([0, 0, 0], default, before);
        Assert.Null(learner.Counters.Fault);
        Assert.True(SpinWait.SpinUntil(() =>
        {
            learner.TaskDone(50, 0);
            learner.Step(state, action, 0, state);
            return learner.Counters.Fault is not null;
        }, s_patience));
        Assert.Equal("learner: learning stopped (InvalidDataException: no update today)", learner.Counters.Fault);
        for (int i = 0; i < 1000; i++) learner.Step(state, action, 0, state);
        learner.Networks.Act([0, 0, 0], default, after);
        Assert.Equal(before, after);
        Assert.Equal(0, learner.Counters.Steps);
    }

    sealed class FailingSensor : IEnergySensor
    {
        int _reads;

        public bool Fails { get; set; }

        public string Name => "fake";

        public string Description => "a sensor of a test";

        public bool IsCounter => false;

        public TimeSpan Pause => TimeSpan.FromMilliseconds(1);

        public bool Disposed { get; private set; }

        public bool TryRead(out double value)
        {
            if (Volatile.Read(ref _reads) < int.MaxValue) Interlocked.Increment(ref _reads);
            if (Fails) throw new UnauthorizedAccessException("taken away");
            value = 5;
            return true;
        }

        public void Dispose() => Disposed = true;
    }

    [Fact]
    public void SensorEnergyMeter_SensorThrows_TheDeclaredModelServes()
    {
        var sensor = new FailingSensor();
        using SensorEnergyMeter? meter = SensorEnergyMeter.Start(sensor, new PowerModel(2, 8, 1));
        Assert.NotNull(meter);
        Assert.Equal("fake", meter.Source);
        sensor.Fails = true;
        Assert.True(SpinWait.SpinUntil(() => meter.Source == "declared", s_patience));
        Assert.Equal(0.1 * 2, meter.TaskJoules(100, 0, 0), 9);
        Assert.True(SpinWait.SpinUntil(() => meter.Faults.Count == 1, s_patience));
        Assert.Contains("fake is no longer read, energy is declared (UnauthorizedAccessException", meter.Faults.Texts[0]);
    }

    [Fact]
    public void SensorEnergyMeter_ThrowsFromTheStart_IsNotTaken()
    {
        var sensor = new FailingSensor { Fails = true };
        Assert.Null(SensorEnergyMeter.Start(sensor, new PowerModel(2, 8, 1)));
        Assert.True(sensor.Disposed);
    }

    [Fact]
    public void TailClient_ConnectThrowsAnything_IsDownAndTriesAgain()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions());
        var options = TailClientTests.Options(server.EndPoint.Port) with { FirstBackoff = TimeSpan.FromMilliseconds(1) };
        int attempts = 0;
        ITransport Connect() => Interlocked.Increment(ref attempts) < 3
            ? throw new UriFormatException("no such place")
            : TailLink.Connect(options.Host, options.Port, s_patience, CancellationToken.None);
        using var client = new TailClient(options, FakeTail.Model("sha256:fake"), Connect);
        Assert.True(client.WaitUntilUp(s_patience), client.LastFault);
        Assert.Equal(3, attempts);
        Assert.Equal(2, client.Faults.Count);
        Assert.Equal("link: the connection was ended (UriFormatException: no such place)", client.Faults.Texts[0]);
        var task = new TailClientTests.Task(1);
        task.AssertAnswered(task.SendAndWait(client, 60_000));
    }

    sealed class ThrowingLogger : ILogger
    {
        int _lines;

        public int Lines => Volatile.Read(ref _lines);

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            Interlocked.Increment(ref _lines);
            throw new ObjectDisposedException("logger");
        }
    }

    [Fact]
    public void ClientAndServer_LoggersThrow_StillWork()
    {
        (ThrowingLogger ofServer, ThrowingLogger ofClient) = (new(), new());
        var server = new TailServer(new FakeTail(), new TailServerOptions { Logger = ofServer });
        var options = TailClientTests.Options(server.EndPoint.Port) with
        {
            Logger = ofClient,
            FirstBackoff = TimeSpan.FromMilliseconds(1),
            RestMs = 1,
        };
        using (var client = new TailClient(options, FakeTail.Model("sha256:fake")))
        {
            Assert.True(client.WaitUntilUp(s_patience), client.LastFault);
            var task = new TailClientTests.Task(1);
            task.AssertAnswered(task.SendAndWait(client, 60_000));
            server.Dispose();
            Assert.True(SpinWait.SpinUntil(() => !client.IsUp, s_patience));
            Assert.True(SpinWait.SpinUntil(() => ofClient.Lines >= 2, s_patience));
        }
        Assert.True(ofServer.Lines >= 2 && server.Faults.Count >= 2);
    }

    [Fact]
    public void TailServer_LoadFactorThrows_EndsThatConnectionAndServesOn()
    {
        bool fails = false;
        using var server = new TailServer(new FakeTail(), new TailServerOptions
        {
            LoadFactor = () => Volatile.Read(ref fails) ? throw new InvalidDataException("no factor today") : 1,
        });
        using TailClient client = TailClientTests.Client(server.EndPoint.Port, null, options => options with
        {
            PingInterval = TimeSpan.Zero,
            ProbeInterval = TimeSpan.Zero,
            FirstBackoff = TimeSpan.FromMilliseconds(1),
        });
        Volatile.Write(ref fails, true);
        TailOutcome failed = new TailClientTests.Task(1).SendAndWait(client, 60_000).Outcome;
        Assert.Contains(failed, (TailOutcome[])[TailOutcome.Refused, TailOutcome.Lost]);
        Volatile.Write(ref fails, false);
        TailReply reply;
        TailClientTests.Task task;
        do
        {
            Assert.True(client.WaitUntilUp(s_patience), client.LastFault);
            task = new TailClientTests.Task(2);
            reply = task.SendAndWait(client, 60_000);
        }
        while (reply.Outcome is TailOutcome.Lost or TailOutcome.NotSent);
        task.AssertAnswered(reply);
    }

    [Fact]
    public void TailServer_SlotRunsOutOfMemory_RefusesThatTaskAlone()
    {
        // The runtime refuses an array of this length without trying.
        var fake = new FakeTail { Running = first => GC.KeepAlive(new byte[first == 77 ? int.MaxValue : 1]) };
        using var server = new TailServer(fake, new TailServerOptions());
        using TailClient client = TailClientTests.Client(server.EndPoint.Port);
        TailClientTests.Task[] tasks = [.. Enumerable.Range(0, 5000).Select(seed => new TailClientTests.Task(seed))];
        TailClientTests.Task greedy = tasks.First(task => task.Payload[0] == 77), modest = tasks.First(task => task.Payload[0] != 77);
        Assert.Equal(TailOutcome.Refused, greedy.SendAndWait(client, 60_000).Outcome);
        modest.AssertAnswered(modest.SendAndWait(client, 60_000));
        Assert.Equal(1, server.Connections);
    }
}
