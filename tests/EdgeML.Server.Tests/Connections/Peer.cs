using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Wire;

namespace EdgeML.Server.Tests.Connections;

/// <summary>A client that speaks the protocol frame by frame.</summary>
sealed class Peer : IDisposable
{
    static readonly ProtocolLimits s_limits = new();
    readonly Socket _socket;
    readonly Stream _stream;
    readonly PieceStream? _pieces;
    readonly byte[] _scrap = new byte[FramePrelude.Bytes + s_limits.MaxHeaderBytes];

    public Peer(IPEndPoint server, SslClientAuthenticationOptions? tls = null, int? piece = null)
    {
        _socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 20_000 };
        _socket.Connect(server);
        _pieces = piece is { } bytes ? new PieceStream(_socket, bytes) : null;
        _stream = _pieces ?? new NetworkStream(_socket, ownsSocket: true);
        if (tls is null) return;
        var encrypted = new SslStream(_stream);
        encrypted.AuthenticateAsClient(tls);
        _stream = encrypted;
    }

    public void Send(ReadOnlySpan<byte> frame) => _stream.Write(frame);

    public Peer SayHello()
    {
        Send(Frames.Hello());
        Assert.Equal(FrameKind.HelloAck, Read().Kind);
        return this;
    }

    /// <summary>The next frame.</summary>
    /// <exception cref="EndOfStreamException">The server has ended the connection.</exception>
    public (FrameKind Kind, byte[] Header, byte[] Payload) Read()
    {
        byte[] prelude = new byte[FramePrelude.Bytes];
        _stream.ReadExactly(prelude);
        byte[] whole = [.. prelude, .. new byte[s_limits.MaxHeaderBytes]];
        Assert.True(FrameParser.TryRead(new ReadOnlySequence<byte>(whole), s_limits, out FramePrelude parsed, out _));
        byte[] header = new byte[parsed.HeaderBytes], payload = new byte[parsed.PayloadBytes];
        _stream.ReadExactly(header);
        _stream.ReadExactly(payload);
        return (parsed.Kind, header, payload);
    }

    /// <summary>Receives a reply without looking at it, and without allocating.</summary>
    public void SkipReply()
    {
        _stream.ReadExactly(_scrap, 0, FramePrelude.Bytes);
        Assert.True(FrameParser.TryRead(new ReadOnlySequence<byte>(_scrap), s_limits, out FramePrelude parsed, out _));
        if (parsed.Kind != FrameKind.Reply) Assert.Fail($"a {parsed.Kind} frame");
        _stream.ReadExactly(_scrap, 0, parsed.HeaderBytes);
        _stream.ReadExactly(_scrap, 0, parsed.PayloadBytes);
    }

    /// <summary>Asks and compares the answer.</summary>
    public void Ask(ulong id, float deadlineMs = 20_000)
    {
        byte[] payload = Frames.Payload((int)id);
        Send(Frames.Request(id, payload, deadlineMs: deadlineMs));
        (FrameKind kind, byte[] header, byte[] logits) = Read();
        Assert.Equal(FrameKind.Reply, kind);
        ReplyHeader reply = ReplyHeader.Read(header);
        float[] expected = new float[FakeTail.Classes];
        Assert.Equal(FakeTail.Expected(payload, 1, expected), reply.Answer);
        Assert.Equal(MemoryMarshal.AsBytes(expected.AsSpan()).ToArray(), logits);
        Assert.Equal(id, reply.TaskId);
    }

    public ErrorHeader ReadError()
    {
        (FrameKind kind, byte[] header, _) = Read();
        Assert.Equal(FrameKind.Error, kind);
        return ErrorHeader.Read(header);
    }

    /// <summary>Reads until the server ends the connection.</summary>
    public void ReadToEnd()
    {
        byte[] scrap = new byte[1 << 16];
        try
        {
            while (_stream.Read(scrap) > 0)
            {
            }
        }
        catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            // Cut, with frames of ours unread.
        }
    }

    public void Dispose() => _stream.Dispose();

    /// <summary>Keeps what is sent from now on, until the result is disposed; then it leaves in pieces, whatever its frames and records
    /// are.</summary>
    public IDisposable Hold() => _pieces!.Hold();

    /// <summary>Sends in pieces.</summary>
    sealed class PieceStream(Socket socket, int piece) : NetworkStream(socket, ownsSocket: true)
    {
        MemoryStream? _held;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (_held is not null)
            {
                _held.Write(buffer);
                return;
            }
            for (int i = 0; i < buffer.Length; i += piece) Socket.Send(buffer.Slice(i, Math.Min(piece, buffer.Length - i)));
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public IDisposable Hold()
        {
            _held = new MemoryStream();
            return new Held(this);
        }

        sealed class Held(PieceStream stream) : IDisposable
        {
            public void Dispose()
            {
                byte[] bytes = stream._held!.ToArray();
                stream._held = null;
                stream.Write(bytes);
            }
        }
    }
}
