using System.Net.Security;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Server.Configuration;
using EdgeML.Server.Tests.Connections;

namespace EdgeML.Server.Tests;

/// <summary>Encryption, identities and what they may do.</summary>
public sealed class TlsTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeml-tls-");
    readonly X509Certificate2 _authority = Authority("test authority");

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Delete(recursive: true);
    }

    static X509Certificate2 Authority(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
    }

    static X509Certificate2 Issue(X509Certificate2 authority, string name, int days = 10)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 issued = request.Create(
            authority, DateTimeOffset.UtcNow.AddHours(-20), days > 0 ? DateTimeOffset.UtcNow.AddDays(days) : DateTimeOffset.UtcNow.AddHours(-1),
            RandomNumberGenerator.GetBytes(8));
        using X509Certificate2 whole = issued.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null);
    }

    TlsOptions Files(X509Certificate2 own, bool mutual = true)
    {
        string Write(string name, string text)
        {
            string path = Path.Combine(_folder.FullName, name);
            File.WriteAllText(path, text);
            return path;
        }

        return new TlsOptions
        {
            CertificatePath = Write("tail.pem", own.ExportCertificatePem()),
            KeyPath = Write("tail.key", own.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()),
            ClientCaPath = mutual ? Write("ca.pem", _authority.ExportCertificatePem()) : null,
        };
    }

    SslClientAuthenticationOptions Client(X509Certificate2? own = null)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(_authority);
        return new SslClientAuthenticationOptions
        {
            TargetHost = "tail.test",
            CertificateChainPolicy = policy,
            ClientCertificates = own is null ? null : [own],
        };
    }

    [Fact]
    public void Requests_OverTls_AreAnsweredRight()
    {
        using X509Certificate2 own = Issue(_authority, "tail.test"), device = Issue(_authority, "device-1");
        using var server = new TailServer(new FakeTail(), new TailServerOptions { Tls = Files(own) });
        using var peer = new Peer(server.EndPoint, Client(device)).SayHello();
        for (ulong i = 1; i <= 50; i++) peer.Ask(i);
    }

    [Fact]
    public void Records_ThatComeByteByByte_AreReadWhole()
    {
        using X509Certificate2 own = Issue(_authority, "tail.test"), device = Issue(_authority, "device-1");
        using var server = new TailServer(new FakeTail(), new TailServerOptions { Tls = Files(own) });
        using var peer = new Peer(server.EndPoint, Client(device), piece: 1).SayHello();
        for (ulong i = 1; i <= 5; i++) peer.Ask(i);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(100)]
    [InlineData(1 << 20)]
    public void Records_SeveralAtOnceAndCutAnywhere_AreReadWhole(int piece)
    {
        const int Requests = 6;
        using X509Certificate2 own = Issue(_authority, "tail.test"), device = Issue(_authority, "device-1");
        using var server = new TailServer(new FakeTail(), new TailServerOptions { Tls = Files(own) });
        using var peer = new Peer(server.EndPoint, Client(device), piece).SayHello();
        using (peer.Hold())
            for (ulong id = 1; id <= Requests; id++) peer.Send(Frames.Request(id, Frames.Payload((int)id), deadlineMs: 20_000));
        var answered = new SortedSet<ulong>();
        for (int i = 0; i < Requests; i++)
        {
            (FrameKind kind, byte[] header, byte[] logits) = peer.Read();
            Assert.Equal(FrameKind.Reply, kind);
            ReplyHeader reply = ReplyHeader.Read(header);
            float[] expected = new float[FakeTail.Classes];
            Assert.Equal(FakeTail.Expected(Frames.Payload((int)reply.TaskId), 1, expected), reply.Answer);
            Assert.Equal(MemoryMarshal.AsBytes(expected.AsSpan()).ToArray(), logits);
            Assert.True(answered.Add(reply.TaskId));
        }
    }

    [Fact]
    public void Server_WithoutRoots_AsksForNoCertificate()
    {
        using X509Certificate2 own = Issue(_authority, "tail.test");
        using var server = new TailServer(new FakeTail(), new TailServerOptions { Tls = Files(own, mutual: false) });
        using var peer = new Peer(server.EndPoint, Client()).SayHello();
        peer.Ask(1);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("foreign")]
    [InlineData("expired")]
    public void Client_WithoutAGoodCertificate_IsRefusedAndOthersServed(string kind)
    {
        using X509Certificate2 own = Issue(_authority, "tail.test"), device = Issue(_authority, "device-1");
        using X509Certificate2 foreign = Authority("another authority");
        using X509Certificate2? bad = kind switch
        {
            "foreign" => Issue(foreign, "device-1"),
            "expired" => Issue(_authority, "device-1", days: 0),
            _ => null,
        };
        using var server = new TailServer(new FakeTail(), new TailServerOptions { Tls = Files(own) });
        // In TLS 1.3 the client has finished before the server has seen its certificate: the refusal comes with the first read.
        using (var peer = new Peer(server.EndPoint, Client(bad)))
        {
            ErrorHeader error = peer.ReadError();
            Assert.Equal(ErrorCode.Forbidden, error.Code);
            Assert.Contains(
                kind switch
                {
                    "foreign" => "certificate of device-1 is by another authority (CN=another authority)",
                    "expired" => "certificate of device-1 expired at 20",
                    _ => "it has no certificate",
                }, error.Text, StringComparison.Ordinal);
            peer.ReadToEnd();
        }
        using var good = new Peer(server.EndPoint, Client(device)).SayHello();
        good.Ask(1);
        Assert.True(SpinWait.SpinUntil(() => server.GetStatus().RefusedConnections.ContainsKey("handshake"), TimeSpan.FromSeconds(20)));
        Assert.Equal("device-1", Assert.Single(server.GetStatus().Devices, each => each.Model is not null).Identity);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001\u0000\u0004abcd")]
    [InlineData("\u0016\u0003\u0001\u00ff\u00ff and more than any record has")]
    public void Client_ThatSpeaksNoTls_IsRefusedAndOthersServed(string first)
    {
        using X509Certificate2 own = Issue(_authority, "tail.test"), device = Issue(_authority, "device-1");
        using var server = new TailServer(new FakeTail(), new TailServerOptions { Tls = Files(own) });
        using (var bad = new Peer(server.EndPoint))
        {
            bad.Send(System.Text.Encoding.Latin1.GetBytes(first));
            bad.ReadToEnd();
        }
        using var good = new Peer(server.EndPoint, Client(device)).SayHello();
        good.Ask(1);
    }

    [Fact]
    public void Identities_NotOnTheList_AreRefusedWithTheReason()
    {
        using X509Certificate2 own = Issue(_authority, "tail.test"), known = Issue(_authority, "device-1"), other = Issue(_authority, "device-2");
        using var server = new TailServer(new FakeTail(), new TailServerOptions
        {
            Tls = Files(own),
            Identities = new Dictionary<string, IdentityRule> { ["device-1"] = new() },
        });
        using var good = new Peer(server.EndPoint, Client(known)).SayHello();
        good.Ask(1);
        using var bad = new Peer(server.EndPoint, Client(other));
        ErrorHeader error = bad.ReadError();
        Assert.Equal(ErrorCode.Forbidden, error.Code);
        Assert.Equal("identity device-2 is not on the list of this server", error.Text);
    }

    [Fact]
    public void Identity_BeyondItsRateOrModels_IsRefused()
    {
        using X509Certificate2 own = Issue(_authority, "tail.test"), slow = Issue(_authority, "slow"), elsewhere = Issue(_authority, "elsewhere");
        using var server = new TailServer(new FakeTail(), new TailServerOptions
        {
            Tls = Files(own),
            Identities = new Dictionary<string, IdentityRule>
            {
                ["slow"] = new() { RequestsPerSecond = 0.001 },
                ["*"] = new() { Models = ["another"] },
            },
        });
        using var limited = new Peer(server.EndPoint, Client(slow)).SayHello();
        limited.Ask(1);
        limited.Send(Native.Tests.Offload.Wire.Frames.Request(2, Native.Tests.Offload.Wire.Frames.Payload(2)));
        Assert.Equal(ErrorCode.Busy, limited.ReadError().Code);
        using var other = new Peer(server.EndPoint, Client(elsewhere));
        other.Send(Native.Tests.Offload.Wire.Frames.Hello());
        ErrorHeader error = other.ReadError();
        Assert.Equal((ErrorCode.Forbidden, "identity elsewhere may not use model fake"), (error.Code, error.Text));
    }

    [Fact]
    public void Certificate_Replaced_IsUsedByTheNextHandshake()
    {
        using X509Certificate2 first = Issue(_authority, "tail.test"), second = Issue(_authority, "tail.test"), device = Issue(_authority, "device-1");
        using var server = new TailServer(new FakeTail(), new TailServerOptions { Tls = Files(first) });
        string Serial()
        {
            string? serial = null;
            SslClientAuthenticationOptions options = Client(device);
            options.CertificateChainPolicy = null;
            options.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                serial = certificate!.GetSerialNumberString();
                return certificate.Issuer == _authority.Subject;
            };
            using var peer = new Peer(server.EndPoint, options).SayHello();
            peer.Ask(1);
            return serial!;
        }

        using var old = new Peer(server.EndPoint, Client(device)).SayHello();
        Assert.Equal(first.SerialNumber, Serial());
        TlsOptions files = Files(second);
        File.SetLastWriteTimeUtc(files.CertificatePath, DateTime.UtcNow.AddMinutes(1));
        Assert.True(SpinWait.SpinUntil(() => Serial() == second.SerialNumber, TimeSpan.FromSeconds(20)));
        old.Ask(2);
    }

    [Fact]
    public void Certificate_ThatDoesNotFitItsKey_IsRefusedAtTheStart()
    {
        using X509Certificate2 own = Issue(_authority, "tail.test"), other = Issue(_authority, "tail.test");
        TlsOptions files = Files(own);
        File.WriteAllText(files.KeyPath, other.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        InvalidDataException error = Assert.Throws<InvalidDataException>(
            () => new TailServer(new FakeTail(), new TailServerOptions { Tls = files }));
        Assert.StartsWith($"certificate {files.CertificatePath} with key {files.KeyPath}", error.Message);
    }
}
