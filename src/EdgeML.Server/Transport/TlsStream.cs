using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using EdgeML.Native;
using EdgeML.Native.Offload.Transport;

namespace EdgeML.Server.Transport;

/// <summary>TCP under TLS 1.3. Bytes that have arrived are decrypted at once, and answers are encrypted and sent by the thread that computed
/// them; only waiting is asynchronous. While nothing comes, neither side of the encryption holds a buffer.</summary>
sealed class TlsStream : SocketStream
{
    const int MostPlain = 16 << 10;

    readonly TlsRecords _records;
    readonly SslStream _tls;
    readonly TlsCredentials _credentials;
    bool _mayHaveMore;
    bool _owesByte;

    public TlsStream(Socket socket, TlsCredentials credentials)
        : base(socket)
    {
        _credentials = credentials;
        _records = new TlsRecords(socket);
        _tls = new SslStream(_records, leaveInnerStreamOpen: true);
    }

    public override bool IsEncrypted => true;

    protected override bool MayHaveBytes => _mayHaveMore || _records.HasBytes;

    public override string EarlyEnd =>
        "it ended the connection before it said hello, most likely because it does not trust this tail's certificate";

    /// <summary>A certificate that is refused does not fail the handshake: so the client hears the reason under encryption.</summary>
    [SuppressMessage("Security", "CA5359", Justification = "the verdict is kept, and a client that is refused gets nothing but the reason")]
    public override async ValueTask<(string? Identity, string? Refusal)> OpenAsync()
    {
        string? refusal = null;
        SslServerAuthenticationOptions options = _credentials.Current((_, certificate, chain, errors) =>
        {
            refusal = CertificateFault.Of(certificate, chain, errors);
            return true;
        });
        try
        {
            await _tls.AuthenticateAsServerAsync(options).ConfigureAwait(false);
            _records.IsHandshake = false;
            string? name = _tls.RemoteCertificate is X509Certificate2 client ? CertificateFault.NameOf(client) : null;
            return refusal is null ? (name, null) : (null, $"TLS: {refusal}");
        }
        catch (AuthenticationException e)
        {
            throw new InvalidDataException($"TLS handshake: {MessageText.OneLine(e.GetBaseException().Message)}", e);
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw Broken(e);
        }
    }

    public override async ValueTask WaitAsync()
    {
        try
        {
            await _tls.ReadAsync(Memory<byte>.Empty).ConfigureAwait(false);
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw Broken(e);
        }
    }

    public override async ValueTask<int> ReceiveAsync(Memory<byte> destination)
    {
        try
        {
            int received = await _tls.ReadAsync(destination).ConfigureAwait(false);
            _mayHaveMore = received == destination.Length;
            return received;
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw Broken(e);
        }
    }

    /// <summary>Encrypts at most a record at a time. Until all of it is with the system its last byte does not count as taken, so that the
    /// caller comes again with it and no record stays half sent.</summary>
    public override int TrySend(ReadOnlySpan<byte> source)
    {
        try
        {
            int taken = 0;
            while (true)
            {
                if (!_records.TrySend()) return taken;
                if (_owesByte && taken < source.Length) (taken, _owesByte) = (taken + 1, false);
                if (taken == source.Length) return taken;
                ReadOnlySpan<byte> chunk = source.Slice(taken, Math.Min(MostPlain, source.Length - taken));
                _tls.Write(chunk);
                (taken, _owesByte) = (taken + chunk.Length - 1, true);
            }
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw Broken(e);
        }
    }

    public override async ValueTask SendAsync(ReadOnlyMemory<byte> source)
    {
        try
        {
            while (!source.IsEmpty)
            {
                source = source[TrySend(source.Span)..];
                if (!source.IsEmpty) await _records.SendAsync().ConfigureAwait(false);
            }
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw Broken(e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _tls.Dispose();
    }

    static bool IsBroken(Exception error) =>
        error is IOException or SocketException or ObjectDisposedException or InvalidOperationException or AuthenticationException;
}
