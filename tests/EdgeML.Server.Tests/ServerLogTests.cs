using System.Collections.Concurrent;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Server.Configuration;
using EdgeML.Server.Tests.Connections;
using Microsoft.Extensions.Logging;

namespace EdgeML.Server.Tests;

/// <summary>A line for every connection, refusal and fault, with the parts that a structured log shows as fields.</summary>
public class ServerLogTests
{
    [Fact]
    public void Log_OfAClient_HasLinesWithAddressModelAndReason()
    {
        var log = new Lines();
        using var server = new TailServer(new FakeTail(), new TailServerOptions { Logger = log });
        using (var client = new Peer(server.EndPoint).SayHello()) client.Ask(1);
        using (var other = new Peer(server.EndPoint))
        {
            other.Send(Frames.Hello("sha256:\u001b[31m\nother"));
            other.ReadToEnd();
        }
        Assert.True(SpinWait.SpinUntil(() => log.All.Count(line => line.Event is "disconnected" or "refused") == 2, TimeSpan.FromSeconds(20)));

        Line connected = Assert.Single(log.All, line => line.Event == "connected");
        Assert.Equal((LogLevel.Information, "fake"), (connected.Level, connected.Fields["Model"]));
        Assert.Equal($"tail connected to {connected.Fields["Client"]}", connected.Text);
        Assert.StartsWith("127.0.0.1:", (string)connected.Fields["Client"]!);
        Line disconnected = Assert.Single(log.All, line => line.Event == "disconnected");
        Assert.Equal($"tail disconnected from {connected.Fields["Client"]}: ended", disconnected.Text);
        Line refused = Assert.Single(log.All, line => line.Event == "refused");
        Assert.Equal(LogLevel.Warning, refused.Level);
        Assert.Contains("""sha256:\u001b[31m\u000aother""", (string)refused.Fields["Reason"]!);
        Assert.DoesNotContain(log.All, line => line.Text.Any(char.IsControl));
    }

    [Fact]
    public void Log_OfAFault_IsOneLineForTheSameOne()
    {
        var log = new Lines();
        using var server = new TailServer(new FakeTail(), new TailServerOptions { Logger = log });
        for (int i = 0; i < 3; i++) server.Faults.Add("tail test", "nothing happened", new InvalidOperationException("two\nlines"));
        Line fault = Assert.Single(log.All, line => line.Event == "fault");
        Assert.Equal((LogLevel.Error, "tail fault: tail test: nothing happened (InvalidOperationException: two lines)"), (fault.Level, fault.Text));
    }

    [Fact]
    public void Log_ThatThrows_IsAFaultAndEndsNothing()
    {
        int number = 0;
        var log = new Lines { Writing = () => throw new IOException($"full {Interlocked.Increment(ref number)}") };
        using var server = new TailServer(new FakeTail(), new TailServerOptions { Logger = log });
        using var client = new Peer(server.EndPoint).SayHello();
        client.Ask(1);
        Assert.Equal(1, server.Faults.Count);
    }

    sealed record Line(LogLevel Level, string? Event, string Text, Dictionary<string, object?> Fields);

    sealed class Lines : ILogger
    {
        public ConcurrentQueue<Line> All { get; } = [];

        public Action? Writing { get; init; }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Writing?.Invoke();
            var fields = state as IEnumerable<KeyValuePair<string, object?>> ?? [];
            All.Enqueue(new Line(logLevel, eventId.Name, formatter(state, exception), new(fields)));
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
    }
}
