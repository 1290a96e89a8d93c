using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>One connection of a tail that holds a real model: it computes right answers, and a test decides what becomes of them.</summary>
sealed class ModelTail : IDisposable
{
    readonly RawTail.Session _session;
    readonly ITailSlot _slot;
    readonly TailRow _row;

    ModelTail(RawTail.Session session, BranchedModel model)
    {
        var executor = new ModelTailExecutor(model);
        int largest = sizeof(float) * Enumerable.Range(0, model.Manifest.LocalCut).Max(model.Manifest.BoundaryElements);
        (_session, _slot) = (session, executor.CreateSlot());
        _row = new TailRow(model.Manifest.AnswerElements) { Payload = executor.CreatePayload(largest) };
        if (!session.Input.ReadHead(Patience, Patience)) throw new IOException("client left");
        session.Send(Frames.Make(FrameKind.HelloAck, new HelloAckHeader(16, 1 << 20, HelloHeader.EveryEncoding, [], []).Write));
    }

    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(30);

    /// <summary>Listens; every connection says hello and is then the test's.</summary>
    public static RawTail Listen(BranchedModel model, Action<ModelTail> behave) => new(session =>
    {
        using var tail = new ModelTail(session, model);
        behave(tail);
    });

    /// <summary>Listens, tells of every request, and answers none.</summary>
    public static RawTail Silent(BranchedModel model, Action<RequestHeader>? asked = null) => Listen(model, tail =>
    {
        while (true)
        {
            RequestHeader request = tail.Next().Request;
            asked?.Invoke(request);
        }
    });

    /// <summary>What a session needs to know to reach it. Nothing but tasks is sent, so nothing else can take the link down.</summary>
    public static TailClientOptions To(int port) => new()
    {
        Host = "127.0.0.1",
        Port = port,
        FirstBackoff = TimeSpan.FromMilliseconds(5),
        LongestBackoff = TimeSpan.FromMilliseconds(20),
        PingInterval = TimeSpan.Zero,
        ProbeInterval = TimeSpan.Zero,
    };

    /// <summary>A port at which nothing listens.</summary>
    public static int Nowhere(BranchedModel model)
    {
        using var server = new TailServer(new ModelTailExecutor(model), new TailServerOptions());
        return server.EndPoint.Port;
    }

    public (RequestHeader Request, byte[] Payload) Next() => _session.NextRequest();

    /// <summary>The right answer, as a frame.</summary>
    public byte[] Answer(in RequestHeader request, ReadOnlySpan<byte> payload)
    {
        payload.CopyTo(_row.Payload!.Data.Span);
        (_row.Policy, _row.Encoding, _row.Streak) = (request.Policy, request.Encoding, request.Streak);
        _slot.Run([_row]);
        return Frames.Reply(request.TaskId, _row.Answer, System.Runtime.InteropServices.MemoryMarshal.AsBytes(_row.Logits.AsSpan()));
    }

    public void Send(ReadOnlySpan<byte> frame) => _session.Send(frame);

    public void Abort() => _session.Abort();

    public void Dispose()
    {
        _slot.Dispose();
        _row.Payload?.Dispose();
    }
}
