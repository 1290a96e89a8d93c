using System.Text.Json;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Offload.Client;

namespace EdgeML.Cli.Tests;

/// <summary>Mutual TLS between the processes of device and tail: a proof that one side refuses is a clear line on both, and the edge answers.
/// Certificates are replaced while both run.</summary>
public sealed class TlsCommandTests(ShippedPackage package) : IClassFixture<ShippedPackage>, IDisposable
{
    const int Count = 20;
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    readonly TestCertificates _authority = new(), _other = new();

    public void Dispose()
    {
        _authority.Dispose();
        _other.Dispose();
    }

    TailProcess Tail((string Certificate, string Key) own, string? ca = null, params string[] more) => new(
        package.Model, more: ["--tls-cert", own.Certificate, "--tls-key", own.Key, "--tls-ca", ca ?? _authority.CaPath, .. more]);

    string[] Run(string tail, (string Certificate, string Key)? device, string name = "tail.test", string? ca = null) =>
    [
        "run", "--model", package.Model, "--data", "shapes:seed=3,difficulty=mixed", "--count", $"{Count}", "--cut", "2", "--tail", tail,
        "--deadline-ms", "60000", "--tls-ca", ca ?? _authority.CaPath, "--tls-name", name, "--json", package["tls.json"],
        .. device is { } own ? ["--tls-cert", own.Certificate, "--tls-key", own.Key] : Array.Empty<string>(),
    ];

    (int Offloaded, int Fallbacks, string? Reason) Result()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(package["tls.json"]));
        JsonElement root = json.RootElement;
        Assert.Equal(Count, root.GetProperty("tasks").GetInt32());
        return (root.GetProperty("offloaded").GetInt32(), root.GetProperty("fallbacks").GetInt32(),
            root.GetProperty("tail").GetProperty("reason").GetString());
    }

    void Offloads(string[] run)
    {
        Outcome outcome = EdgemlProcess.Run(s_patience, run);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Equal("", outcome.Error);
        Assert.Equal((Count, 0, null), Result());
    }

    [Fact]
    public void MutualTls_WithAKnownName_Offloads()
    {
        using TailProcess tail = Tail(_authority.Issue("tail.test"), null, "--allow", "device-0", "--allow", "device-1");
        Offloads(Run(tail.Address, _authority.Issue("device-1")));
        Outcome ended = tail.Terminate(s_patience);
        Assert.Equal((0, ""), (ended.ExitCode, ended.Error));
    }

    [Theory]
    [InlineData("expired tail", "certificate of tail.test expired at 20", "does not trust this tail's certificate")]
    [InlineData("foreign tail", "certificate of tail.test is by another authority (CN=test authority)", "does not trust this tail's certificate")]
    [InlineData("tail of another name", "certificate of tail.test is not for another.test", "does not trust this tail's certificate")]
    [InlineData("expired device", "certificate of device-1 expired at 20", "certificate of device-1 expired at 20")]
    [InlineData("foreign device", "certificate of device-1 is by another authority (CN=test authority)", "certificate of device-1 is by another authority")]
    [InlineData("no device certificate", "it has no certificate, and one is needed", "it has no certificate, and one is needed")]
    [InlineData("unknown identity", "identity device-2 is not on the list", "identity device-2 is not on the list")]
    public void RefusedProof_IsALineOnBothSides_AndTheEdgeAnswers(string what, string onEdge, string onTail)
    {
        (string, string) own = what == "foreign tail" ? _other.Issue("tail.test") : _authority.Issue("tail.test", expired: what == "expired tail");
        using TailProcess tail = Tail(own, null, "--allow", "device-1");
        (string, string)? device = what switch
        {
            "expired device" => _authority.Issue("device-1", expired: true),
            "foreign device" => _other.Issue("device-1"),
            "no device certificate" => null,
            "unknown identity" => _authority.Issue("device-2"),
            _ => _authority.Issue("device-1"),
        };
        Outcome run = EdgemlProcess.Run(s_patience, Run(tail.Address, device, what == "tail of another name" ? "another.test" : "tail.test"));
        Assert.True(run.ExitCode == 0, run.Error);
        string line = Assert.Single(run.ErrorLines);
        Assert.StartsWith($"edgeml: warning: link to {tail.Address} is down: ", line, StringComparison.Ordinal);
        Assert.Contains(onEdge, line, StringComparison.Ordinal);
        Assert.EndsWith("; the edge answers instead", line, StringComparison.Ordinal);
        Assert.Equal((0, Count, "notTrusted"), Result());
        string said = Assert.Single(tail.Terminate(s_patience).ErrorLines);
        Assert.StartsWith("edgeml: warning: ", said, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:", said, StringComparison.Ordinal);
        Assert.Contains(onTail, said, StringComparison.Ordinal);
    }

    [Fact]
    public void WrongKey_IsRefusedAtTheStartOfEitherSide()
    {
        (string certificate, string key) = _authority.Issue("tail.test");
        (_, string wrong) = _authority.Issue("tail.test");
        Refused(certificate, wrong, Run("127.0.0.1:1", (certificate, wrong)));
        Refused(certificate, wrong, "tail", "--model", package.Model, "--listen", "127.0.0.1:0", "--tls-cert", certificate, "--tls-key", wrong);
        Refused(package["none.pem"], key, "tail", "--model", package.Model, "--listen", "127.0.0.1:0", "--tls-cert", package["none.pem"], "--tls-key", key);

        static void Refused(string first, string second, params string[] arguments)
        {
            Outcome outcome = EdgemlProcess.Run(s_patience, arguments);
            Assert.Equal(2, outcome.ExitCode);
            string line = Assert.Single(outcome.ErrorLines);
            Assert.Contains(first, line, StringComparison.Ordinal);
            Assert.Contains(second, line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void TailsCertificate_Replaced_ServesNewConnections_AndOldOnesLive()
    {
        (string certificate, string key) = _authority.Issue("tail.test");
        using TailProcess tail = Tail((certificate, key));
        using BranchedModel model = BranchedModel.Load(package.Model);
        using EdgeSession old = Session(model, tail, _authority.Issue("device-1"));
        Assert.True(Asks(old));

        // Half of it first, as a copy in place would leave it for a moment.
        (string nextCertificate, string nextKey) = _other.Issue("tail.test");
        byte[] next = File.ReadAllBytes(nextCertificate);
        File.WriteAllBytes(certificate, next[..(next.Length / 2)]);
        string[] known = Run(tail.Address, _authority.Issue("device-2"));
        for (int i = 0; i < 3; i++) Offloads(known);
        File.Move(nextKey, key, overwrite: true);
        for (int i = 0; i < 2; i++) Offloads(known);

        File.WriteAllBytes(certificate, next);
        string[] renewed = Run(tail.Address, _authority.Issue("device-2"), ca: _other.CaPath);
        Assert.True(SpinWait.SpinUntil(() => EdgemlProcess.Run(s_patience, renewed).Error.Length == 0, s_patience));
        Offloads(renewed);
        Assert.True(Asks(old));
        Assert.Equal(TailState.Up, old.TailStatus.State);

        string[] lines = tail.Terminate(s_patience).ErrorLines;
        string[] kept = [.. lines.Where(line => line.Contains("keeps its certificates", StringComparison.Ordinal))];
        Assert.InRange(kept.Length, 1, 2);
        Assert.Equal(kept.Length, kept.Distinct().Count());
        Assert.All(kept, line => Assert.Contains(certificate, line));
    }

    [Fact]
    public void DevicesCertificate_Replaced_IsUsedByTheNextConnection()
    {
        using TailProcess tail = Tail(_authority.Issue("tail.test"), null, "--allow", "device-2");
        (string certificate, string key) = _authority.Issue("device-1");
        using BranchedModel model = BranchedModel.Load(package.Model);
        using EdgeSession session = Session(model, tail, (certificate, key));
        Assert.False(Asks(session));
        Assert.Equal(FallbackReason.NotTrusted, session.TailStatus.Reason);
        (string nextCertificate, string nextKey) = _authority.Issue("device-2");
        File.Move(nextKey, key, overwrite: true);
        File.Move(nextCertificate, certificate, overwrite: true);
        Assert.True(SpinWait.SpinUntil(() => Asks(session), s_patience), session.TailStatus.ToString());
    }

    EdgeSession Session(BranchedModel model, TailProcess tail, (string Certificate, string Key) device) => new(model, new EdgeSessionOptions
    {
        Policy = new ExitPolicy(new float[model.Manifest.SideExits], 2),
        Tail = new TailClientOptions
        {
            Host = "127.0.0.1",
            Port = int.Parse(tail.Address.Split(':')[^1], System.Globalization.CultureInfo.InvariantCulture),
            Tls = _authority.Device(device),
        },
        DeadlineMs = 30_000,
    });

    static bool Asks(EdgeSession session) => session.Run(new byte[3 * 96 * 96]).Offloaded;
}
