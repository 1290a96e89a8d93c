using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Transport;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Offload.Client;

/// <summary>One connection of a client, from connecting to its end: handshake, sending without blocking, receiving.</summary>
sealed class TailLink : IDisposable
{
    readonly ITransport _transport;
    readonly object _sendGate = new();
    byte[] _spill = [];
    int _spillStart;
    int _spillEnd;

    public TailLink(ITransport transport, ProtocolLimits limits)
    {
        _transport = transport;
        Input = new FrameInput(transport, limits);
    }

    public FrameInput Input { get; }

    /// <summary>The tail's description of itself; valid after <see cref="SayHello"/>.</summary>
    public HelloAckHeader Tail { get; private set; }

    /// <summary>Bytes that the stream has not taken yet.</summary>
    public bool HasSpill => Volatile.Read(ref _spillEnd) != 0;

    /// <summary>Connects, and shakes hands where the link is encrypted.</summary>
    /// <exception cref="TailFaultException">There is no connection.</exception>
    public static ITransport Connect(TailClientOptions options, LinkCredentials? credentials, CancellationToken stop)
    {
        SocketTransport raw = Connect(options.Host, options.Port, options.Limits.HandshakeDeadline, stop);
        if (credentials is null) return raw;
        string where = $"TLS handshake with tail {options.Host}:{options.Port}";
        using CancellationTokenRegistration abort = stop.Register(raw.Abort);
        try
        {
            return TlsTransport.Connect(raw, credentials.Read(), options.Limits.HandshakeDeadline);
        }
        catch (Exception e) when (e is AuthenticationException or ArgumentException)
        {
            raw.Dispose();
            string cause = MessageText.OneLine((e is AuthenticationException ? e.GetBaseException() : e).Message);
            throw new TailFaultException(FallbackReason.NotTrusted, $"{where} failed: {Printable.Text(cause)}", e);
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            raw.Dispose();
            throw new TailFaultException(FallbackReason.NoTail, $"{where} failed: {Printable.Text(MessageText.OneLine(e.Message))}", e);
        }
    }

    /// <summary>Connects to the first address that answers.</summary>
    public static SocketTransport Connect(string host, int port, TimeSpan limit, CancellationToken stop)
    {
        TailFaultException? failure = null;
        foreach (IPAddress address in AddressesOf(host))
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            try
            {
                return ConnectTo(socket, new IPEndPoint(address, port), limit, stop);
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                socket.Dispose();
                string literal = new IPEndPoint(address, port).ToString();
                string where = literal == $"{host}:{port}" ? literal : $"{host}:{port} ({literal})";
                FallbackReason reason = e is SocketException socketFault ? ReasonOf(socketFault) : FallbackReason.Unreachable;
                string nothing = reason == FallbackReason.ConnectionRefused ? "; nothing listens there" : "";
                failure = new TailFaultException(reason, $"tail {where} cannot be reached: {e.Message}{nothing}", e);
            }
        }
        throw failure ?? new TailFaultException(FallbackReason.UnknownHost, $"host {host} has no address");
    }

    static IPAddress[] AddressesOf(string host)
    {
        try
        {
            return Dns.GetHostAddresses(host);
        }
        catch (SocketException e)
        {
            throw new TailFaultException(FallbackReason.UnknownHost, $"host {host} is unknown: {e.Message}", e);
        }
        catch (ArgumentException e)
        {
            throw new TailFaultException(FallbackReason.UnknownHost, $"host {host} is no valid name: {e.Message}", e);
        }
    }

    /// <summary>The outcome of a failure to connect, or of a broken connection.</summary>
    public static FallbackReason ReasonOf(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => FallbackReason.ConnectionRefused,
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain or SocketError.NoRecovery => FallbackReason.UnknownHost,
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.TimedOut or SocketError.HostDown
            or SocketError.NetworkDown or SocketError.AccessDenied or SocketError.AddressNotAvailable => FallbackReason.Unreachable,
        _ => FallbackReason.Down,
    };

    /// <summary>The outcome of a refusal by the tail.</summary>
    public static FallbackReason ReasonOf(ErrorCode code) => code switch
    {
        ErrorCode.Version => FallbackReason.ProtocolVersion,
        ErrorCode.Model => FallbackReason.OtherModel,
        ErrorCode.BadRequest => FallbackReason.NotAccepted,
        ErrorCode.Late => FallbackReason.Late,
        ErrorCode.Busy => FallbackReason.Busy,
        ErrorCode.Failed => FallbackReason.TailFailed,
        ErrorCode.Unavailable => FallbackReason.Unavailable,
        ErrorCode.Forbidden => FallbackReason.NotTrusted,
        _ => FallbackReason.Down,
    };

    /// <summary>Both sides send hello.</summary>
    /// <exception cref="TailFaultException">The tail refuses, or the peer is none.</exception>
    public void SayHello(ModelManifest manifest, string bottlenecks, ProtocolLimits limits)
    {
        try
        {
            Greet(manifest, bottlenecks, limits);
        }
        catch (IOException e) when (_transport is TlsTransport && AbortReason is null && e is not (TailFaultException or ProtocolVersionException))
        {
            throw Distrusted(e);
        }
        catch (Exception e) when (e is InvalidDataException or TimeoutException
            || (e is IOException and not TailFaultException and not ProtocolVersionException && AbortReason is null))
        {
            throw new TailFaultException(FallbackReason.NoTail, e.Message, e);
        }
    }

    void Greet(ModelManifest manifest, string bottlenecks, ProtocolLimits limits)
    {
        byte[] frame = new byte[FramePrelude.Bytes + 512];
        var hello = new HelloHeader(manifest.Identity, HelloHeader.EveryEncoding, bottlenecks, manifest.CutsDigest, HelloHeader.UnderstandsGoAway);
        int bytes = hello.Write(frame.AsSpan(FramePrelude.Bytes));
        Send(Framed(frame, FrameKind.Hello, bytes, 0));
        if (!Input.ReadHead(limits.HandshakeDeadline, limits.HandshakeDeadline))
            throw _transport is TlsTransport ? Distrusted(null)
                : new TailFaultException(FallbackReason.NoTail, "the peer ended the connection instead of saying hello");
        if (Input.Prelude.PayloadBytes != 0)
            throw new InvalidDataException($"hello-ack carries a payload of {Input.Prelude.PayloadBytes} bytes");
        Tail = Input.Prelude.Kind switch
        {
            FrameKind.HelloAck => HelloAckHeader.Read(Input.Header),
            FrameKind.Error => throw Refusal(ErrorHeader.Read(Input.Header), "tail refuses"),
            FrameKind kind => throw new InvalidDataException($"tail answers hello with a {kind} frame"),
        };
    }

    // This side has finished the handshake before the tail has seen its certificate, so a refusal is an end without a word.
    static TailFaultException Distrusted(Exception? inner) => new(
        FallbackReason.NotTrusted,
        "the tail ended the connection after the TLS handshake: most likely it does not trust this device's certificate, or wants one and got none",
        inner);

    /// <summary>A refusal of the whole connection.</summary>
    public static TailFaultException Refusal(in ErrorHeader error, string what)
    {
        string text = Printable.Text(error.Text);
        return error.Code == ErrorCode.Model && text.StartsWith(ErrorHeader.OtherModel, StringComparison.Ordinal)
            ? new TailFaultException(
                FallbackReason.OtherModel, $"{what}: it holds another model: {text}; both sides need the package of the same file")
            : new TailFaultException(ReasonOf(error.Code), $"{what}: {error.Code}, {text}");
    }

    public DeviceProfile Profile() => new()
    {
        Device = "tail",
        UnitMs = [.. Tail.UnitMs.Select(ms => (double)ms)],
        HeadMs = [.. Tail.HeadMs.Select(ms => (double)ms)],
        DecodeMs = [.. Tail.DecodeMs.Select(ms => (double)ms)],
    };

    /// <summary>Sends a whole frame without blocking: bytes that the stream does not accept now are copied and follow with
    /// <see cref="Flush"/>.</summary>
    /// <exception cref="IOException">The connection is broken.</exception>
    public void Send(ReadOnlySpan<byte> frame)
    {
        lock (_sendGate)
        {
            int sent = _spillEnd == 0 ? _transport.Send(frame) : 0;
            if (sent < frame.Length) Spill(frame[sent..]);
        }
    }

    /// <summary>Sends the remaining bytes, waiting at most <paramref name="waitMs"/> for the stream to take more.</summary>
    public void Flush(int waitMs)
    {
        if (!HasSpill || !_transport.WaitWritable(waitMs)) return;
        lock (_sendGate)
        {
            _spillStart += _transport.Send(_spill.AsSpan(_spillStart.._spillEnd));
            if (_spillStart == _spillEnd) (_spillStart, _spillEnd) = (0, 0);
        }
    }

    /// <summary>Why this side ended the connection; null when it did not.</summary>
    public string? AbortReason { get; private set; }

    /// <summary>Ends the connection; the receiving thread's wait throws. Any thread.</summary>
    public void Abort(string? reason = null)
    {
        AbortReason ??= reason;
        _transport.Abort();
    }

    public void Dispose()
    {
        _transport.Dispose();
        Input.Dispose();
    }

    /// <summary>Completes a frame whose header and payload lie after the prelude's place.</summary>
    public static ReadOnlySpan<byte> Framed(Span<byte> memory, FrameKind kind, int headerBytes, int payloadBytes)
    {
        Span<byte> frame = memory[..(FramePrelude.Bytes + headerBytes + payloadBytes)];
        FramePrelude.Write(frame, kind, headerBytes, payloadBytes);
        FramePrelude.Seal(frame);
        return frame;
    }

    static SocketTransport ConnectTo(Socket socket, IPEndPoint target, TimeSpan limit, CancellationToken stop)
    {
        try
        {
            socket.Connect(target);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            long end = Environment.TickCount64 + (long)limit.TotalMilliseconds;
            // In slices, so that a client that is closed does not wait for a tail that never answers.
            while (!socket.Poll(TimeSpan.FromMilliseconds(50), SelectMode.SelectWrite))
            {
                if (stop.IsCancellationRequested || Environment.TickCount64 > end)
                    throw new IOException($"no answer for {limit.TotalMilliseconds:0} ms", e);
            }
            int error = (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
            if (error != 0) throw new SocketException(error);
        }
        return new SocketTransport(socket);
    }

    void Spill(ReadOnlySpan<byte> rest)
    {
        if (_spill.Length - _spillEnd < rest.Length)
        {
            byte[] larger = new byte[Math.Max(2 * _spill.Length, _spillEnd - _spillStart + rest.Length)];
            _spill.AsSpan(_spillStart.._spillEnd).CopyTo(larger);
            (_spill, _spillEnd, _spillStart) = (larger, _spillEnd - _spillStart, 0);
        }
        rest.CopyTo(_spill.AsSpan(_spillEnd));
        Volatile.Write(ref _spillEnd, _spillEnd + rest.Length);
    }
}

/// <summary>A connection that failed or ended for a known reason.</summary>
sealed class TailFaultException(FallbackReason reason, string message, Exception? inner = null) : IOException(message, inner)
{
    public FallbackReason Reason => reason;
}
