using EdgeML.Native.Codecs;
using EdgeML.Native.Energy;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>Options with a value that they cannot have are refused with their name and that value.</summary>
public sealed class OptionTests
{
    public static TheoryData<string, string, EdgeSessionOptions> SessionOptions()
    {
        var tail = new TailClientOptions { Host = "127.0.0.1", Port = 7410 };
        return new TheoryData<string, string, EdgeSessionOptions>
        {
            { "InFlight", "0", new() { InFlight = 0 } },
            { "InFlight", "-3", new() { InFlight = -3 } },
            { "InFlight", "100000", new() { InFlight = 100_000 } },
            { "DeadlineMs", "NaN", new() { DeadlineMs = double.NaN } },
            { "DeadlineMs", "-1", new() { DeadlineMs = -1 } },
            { "DeadlineMs", "0", new() { DeadlineMs = 0 } },
            { "DeadlineMs", "Infinity", new() { DeadlineMs = double.PositiveInfinity } },
            { "LatencyMs", "NaN", new() { Requirements = new Requirements(double.NaN, 1) } },
            { "LatencyMs", "-5", new() { Requirements = new Requirements(-5, 1) } },
            { "LatencyMs", "0", new() { Requirements = new Requirements(0, 1) } },
            { "LatencyMs", "-Infinity", new() { Requirements = new Requirements(double.NegativeInfinity, 1) } },
            { "EnergyJ", "NaN", new() { Requirements = new Requirements(1, double.NaN) } },
            { "EnergyJ", "-0.5", new() { Requirements = new Requirements(1, -0.5) } },
            { "CheckShare", "NaN", new() { CheckShare = double.NaN } },
            { "CheckShare", "1.5", new() { CheckShare = 1.5 } },
            { "Codec", "Bytes", new() { Codec = TensorEncoding.Bytes } },
            { "Codec", "77", new() { Codec = (TensorEncoding)77 } },
            { "ControllerName", "clever", new() { ControllerName = "clever" } },
            { "Source", "wattmeter", new() { Energy = new EnergySensorOptions { Source = "wattmeter" } } },
            { "ConnectWait", "-00:00:05", new() { ConnectWait = TimeSpan.FromSeconds(-5) } },
            { "ConnectWait", "100000.00:00:00", new() { ConnectWait = TimeSpan.FromDays(100_000) } },
            { "RequireTail", "Tail", new() { RequireTail = true } },
            { "Port", "0", new() { Tail = tail with { Port = 0 } } },
            { "Host", "300", new() { Tail = tail with { Host = new string('h', 300) } } },
            { "Port", "70000", new() { Tail = tail with { Port = 70_000 } } },
            { "Port", "65536", new() { Tail = tail with { Port = 65_536 } } },
            { "Port", "-1", new() { Tail = tail with { Port = -1 } } },
            { "Host", "' '", new() { Tail = tail with { Host = " " } } },
            { "StallLimit", "00:00:00", new() { Tail = tail with { StallLimit = TimeSpan.Zero } } },
            { "ProbeBytes", "-1", new() { Tail = tail with { ProbeBytes = -1 } } },
            { "MaxInFlight", "0", new() { Tail = tail with { Limits = new ProtocolLimits { MaxInFlight = 0 } } } },
            { "HandshakeDeadline", "00:00:00", new() { Tail = tail with { Limits = new ProtocolLimits { HandshakeDeadline = TimeSpan.Zero } } } },
        };
    }

    [Theory]
    [MemberData(nameof(SessionOptions))]
    public void EdgeSession_ImpossibleOption_IsRefusedByNameAndValue(string name, string value, EdgeSessionOptions options)
    {
        using var loaded = new LoadedGraph("chain");
        ArgumentException error = Assert.ThrowsAny<ArgumentException>(() => new EdgeSession(loaded.Model, options));
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains(value, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EdgeSession_MoreInFlightThanMemoryHolds_IsRefusedBeforeItIsTaken()
    {
        using var loaded = new LoadedGraph("chain");
        long each = Workspace.BytesOf(loaded.Manifest);
        Assert.InRange(each, loaded.Manifest.Input.Elements * sizeof(float), 1L << 30);
        Assert.InRange(FreeMemory.Bytes, 1, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        // The estimate is what a slot really takes, within its headrooms.
        using var workspace = new Workspace(loaded.Model.Backend, loaded.Manifest);
        long real = workspace.Source.Length + workspace.Packed.Length;
        for (int k = 0; k < loaded.Manifest.Units.Count; k++) real += workspace.Boundary(k).Length;
        for (int exit = 1; exit <= loaded.Manifest.Exits.Count; exit++) real += workspace.Logits(exit).Length;
        Assert.InRange(each, real, real + real / 4 + 4096);
    }

    [Theory]
    [InlineData(double.NaN, 1)]
    [InlineData(1, double.NegativeInfinity)]
    [InlineData(-1, 1)]
    public void Requirements_SetLater_AreCheckedToo(double latencyMs, double energyJ)
    {
        using var loaded = new LoadedGraph("chain");
        using var session = new EdgeSession(loaded.Model);
        Assert.ThrowsAny<ArgumentException>(() => session.Requirements = new Requirements(latencyMs, energyJ));
        Assert.Equal(Requirements.None, session.Requirements);
    }

    public static TheoryData<string, string, BackendOptions> BackendChoices() => new()
    {
        { "Threads", "0", new() { Threads = 0 } },
        { "Threads", "-1", new() { Threads = -1 } },
        { "Threads", "100000", new() { Threads = 100_000 } },
        { "Device", "-1", new() { Device = -1 } },
        { "FusedBudgetBytes", "-1", new() { FusedBudgetBytes = -1 } },
        { "RealTimePriority", "100", new() { RealTimePriority = 100 } },
        { "RealTimePriority", "-1", new() { RealTimePriority = -1 } },
        { "Cores", "-1", new() { Cores = [-1] } },
        { "Cores", "1024", new() { Cores = [1024] } },
        { "core 1 ", "twice", new() { Cores = [1, 1] } },
        { "2 threads", "1 core,", new() { Threads = 2, Cores = [0] } },
        { "own threads", "AllowSpinning", new() { OwnThreads = true, AllowSpinning = true } },
        { "own threads", "TensorRT", new() { RealTimePriority = 1, Kind = BackendKind.TensorRt } },
        { "Kind", "9", new() { Kind = (BackendKind)9 } },
        { "Route", "9", new() { Route = (ChainRoute)9 } },
    };

    [Theory]
    [MemberData(nameof(BackendChoices))]
    public void BranchedModel_ImpossibleOption_IsRefusedByNameAndValue(string name, string value, BackendOptions options)
    {
        using var loaded = new LoadedGraph("chain");
        ArgumentException error = Assert.ThrowsAny<ArgumentException>(() => BranchedModel.Load(loaded.Folder, options));
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains(value, error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string, TailServerOptions> ServerOptions() => new()
    {
        { "ComputeThreads", "0", new() { ComputeThreads = 0 } },
        { "ComputeThreads", "100000", new() { ComputeThreads = 100_000 } },
        { "MaxRequests", "0", new() { MaxRequests = 0 } },
        { "DrainLimit", "-00:00:01", new() { DrainLimit = TimeSpan.FromSeconds(-1) } },
        { "MaxConnections", "0", new() { Limits = new ProtocolLimits { MaxConnections = 0 } } },
    };

    [Theory]
    [MemberData(nameof(ServerOptions))]
    public void TailServer_ImpossibleOption_IsRefusedByNameAndValue(string name, string value, TailServerOptions options)
    {
        using var loaded = new LoadedGraph("chain");
        ArgumentException error = Assert.ThrowsAny<ArgumentException>(() => new TailServer(new ModelTailExecutor(loaded.Model), options));
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains(value, error.Message, StringComparison.Ordinal);
    }
}
