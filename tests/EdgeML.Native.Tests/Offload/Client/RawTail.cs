using System.Net;
using System.Net.Sockets;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Transport;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Tests.Offload.Wire;

namespace EdgeML.Native.Tests.Offload.Client;

/// <summary>A listening socket that says hello as a tail does and then behaves as a test tells it.</summary>
sealed class RawTail : IDisposable
{
    readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    readonly Thread _thread;
    readonly Action<Session> _behave;
    volatile bool _stopping;
    volatile int _sessions;
    Session? _current;

    public RawTail(Action<Session> behave)
    {
        _behave = behave;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _thread = new Thread(Serve) { IsBackground = true };
        _thread.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public int Sessions => _sessions;

    public void Dispose()
    {
        _stopping = true;
        _listener.Dispose();
        _current?.Abort();
        _thread.Join();
    }

    void Serve()
    {
        while (!_stopping)
        {
            try
            {
                using var session = new Session(new SocketTransport(_listener.Accept()));
                _current = session;
                _sessions++;
                _behave(session);
            }
            catch (Exception e) when (e is SocketException or IOException or InvalidDataException or ObjectDisposedException or TimeoutException)
            {
                // The client cut the connection, as many of these tests want it to.
            }
        }
    }

    internal sealed class Session(SocketTransport transport) : IDisposable
    {
        static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

        public FrameInput Input { get; } = new(transport, new ProtocolLimits());

        public void SayHello()
        {
            if (!Input.ReadHead(s_patience, s_patience)) throw new IOException("client left");
            Send(Frames.HelloAck());
        }

        public void Send(ReadOnlySpan<byte> bytes)
        {
            while (bytes.Length > 0)
            {
                bytes = bytes[transport.Send(bytes)..];
                if (bytes.Length > 0) transport.WaitWritable(1000);
            }
        }

        /// <summary>Waits for the next request; answers pings on the way.</summary>
        public (RequestHeader Request, byte[] Payload) NextRequest()
        {
            while (true)
            {
                if (!Input.ReadHead(s_patience, s_patience)) throw new IOException("client left");
                byte[] payload = new byte[Input.Prelude.PayloadBytes];
                ulong sequence = Input.Prelude.Kind == FrameKind.Request ? 0 : PingHeader.Read(Input.Header).Sequence;
                RequestHeader request = sequence == 0 ? RequestHeader.Read(Input.Header) : default;
                if (payload.Length > 0) Input.ReadPayload(payload, s_patience);
                if (sequence == 0) return (request, payload);
                Send(Frames.Make(FrameKind.Pong, new PingHeader { Sequence = sequence, Times = new TransferTimes { Slowdown = 1 } }.Write));
            }
        }

        /// <summary>Answers requests as they come; once <paramref name="hold"/> is set, holds the next one back until another has been
        /// answered.</summary>
        public void AnswerAll(ref bool hold, ManualResetEventSlim held)
        {
            SayHello();
            while (true)
            {
                (RequestHeader request, byte[] payload) = NextRequest();
                if (Volatile.Read(ref hold))
                {
                    Volatile.Write(ref hold, false);
                    held.Set();
                    (RequestHeader other, byte[] otherPayload) = NextRequest();
                    Send(Answer(other, otherPayload));
                }
                Send(Answer(request, payload));
            }
        }

        /// <summary>Waits for the client to end or break the connection.</summary>
        public void WaitForEnd()
        {
            while (Input.ReadHead(s_patience, s_patience)) Input.SkipPayload(s_patience);
        }

        public static byte[] Answer(in RequestHeader request, ReadOnlySpan<byte> payload)
        {
            float[] logits = new float[FakeTail.Classes];
            TailAnswer answer = FakeTail.Expected(payload, request.Policy.Cut, logits);
            return Frames.Reply(request.TaskId, answer, System.Runtime.InteropServices.MemoryMarshal.AsBytes(logits.AsSpan()));
        }

        public void Abort() => transport.Abort();

        public void Dispose() => transport.Dispose();
    }
}
