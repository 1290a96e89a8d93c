using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace EdgeML.Server.Transport;

/// <summary>TCP under TLS 1.3. While nothing comes, neither side of the encryption holds a buffer.</summary>
sealed class TlsStream : ClientStream
{
    readonly Socket _socket;
    readonly SslStream _tls;
    readonly TlsCredentials _credentials;

    public TlsStream(Socket socket, TlsCredentials credentials)
    {
        (_socket, _credentials) = (socket, credentials);
        _socket.NoDelay = true;
        Remote = socket.RemoteEndPoint;
        _tls = new SslStream(new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false);
    }

    public override EndPoint? Remote { get; }

    public override bool IsEncrypted => true;

    public override async ValueTask<string?> OpenAsync()
    {
        try
        {
            await _tls.AuthenticateAsServerAsync(_credentials.Current()).ConfigureAwait(false);
            return _tls.RemoteCertificate is X509Certificate2 client ? TlsCredentials.NameOf(client) : null;
        }
        catch (AuthenticationException e)
        {
            throw new InvalidDataException($"TLS handshake: {e.Message}{(e.InnerException is { } inner ? $" ({inner.Message})" : "")}", e);
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
            return await _tls.ReadAsync(destination).ConfigureAwait(false);
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw Broken(e);
        }
    }

    // Encrypting needs the stream's turn, which the queue's sender has.
    public override int TrySend(ReadOnlySpan<byte> source) => 0;

    public override async ValueTask SendAsync(ReadOnlyMemory<byte> source)
    {
        try
        {
            await _tls.WriteAsync(source).ConfigureAwait(false);
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw Broken(e);
        }
    }

    public override void EndReceive() => Shutdown(SocketShutdown.Receive);

    public override void EndSend() => Shutdown(SocketShutdown.Send);

    public override void Abort() => _socket.Close(0);

    protected override void Dispose(bool disposing) => _tls.Dispose();

    void Shutdown(SocketShutdown how)
    {
        try
        {
            _socket.Shutdown(how);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The client was quicker: there is nothing left to end.
        }
    }

    static bool IsBroken(Exception error) =>
        error is IOException or SocketException or ObjectDisposedException or InvalidOperationException or AuthenticationException;

    static IOException Broken(Exception error)
    {
        Exception cause = error.InnerException ?? error;
        return new IOException($"connection broke: {(cause is SocketException socket ? socket.SocketErrorCode : cause.Message)}", error);
    }
}
