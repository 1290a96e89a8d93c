using System.Diagnostics.Metrics;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>A tail whose answers contradict themselves is not believed; one that saw logits that are no numbers is, with the flag.</summary>
public sealed class ContradictoryTailTests
{
    [Theory]
    [InlineData("another class", "class")]
    [InlineData("no confidence", "confidence")]
    [InlineData("entropy above 1", "entropy")]
    [InlineData("an exit that was not to be tried", "exit")]
    [InlineData("logits that are no numbers", "logits")]
    public async Task Run_ContradictoryAnswers_TheEdgeFinishesAndCounts(string lie, string what)
    {
        var counted = new Dictionary<string, long>();
        using MeterListener listener = Listen(counted);
        using var loaded = new LoadedGraph("chain");
        using RawTail tail = ModelTail.Listen(loaded.Model, tail =>
        {
            while (true)
            {
                (RequestHeader request, byte[] payload) = tail.Next();
                tail.Send(Changed(tail.Answer(request, payload), lie));
            }
        });
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions
        {
            Tail = ModelTail.To(tail.Port),
            ConnectWait = ModelTail.Patience,
            DeadlineMs = 600_000,
            Policy = loaded.Policy(0f, 1),
        });
        float[] input = loaded.Input(3);
        float[] logits = new float[loaded.Manifest.Classes], expected = loaded.Reference(input)[^1];
        for (int i = 0; i < 4; i++)
        {
            TaskResult result = i % 2 == 0 ? session.Run(input, logits) : await session.RunAsync(input, logits);
            Assert.Equal(("fallback", FallbackReason.Contradiction), (result.Where, result.FallbackReason));
            Assert.Equal(Array.IndexOf(expected, expected.Max()), result.Class);
            Assert.False(result.InvalidLogits);
            LoadedGraph.AssertClose(expected, logits, lie);
        }
        Assert.Equal(4, session.ContradictoryAnswers);
        // The connection is kept: what it carries is well-formed.
        Assert.Equal(1, tail.Sessions);
        Assert.Equal(TailState.Up, session.TailStatus.State);
        // The meter is the process's: sessions of other tests may add to it.
        Assert.True(counted[what] >= 4, $"{counted[what]} counted");
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Run_InputThatIsNoNumber_HasTheFlagWhereverItIsAnswered(float value)
    {
        using var loaded = new LoadedGraph("chain");
        using var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions());
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions
        {
            Tail = ModelTail.To(server.EndPoint.Port),
            ConnectWait = ModelTail.Patience,
            DeadlineMs = 600_000,
            Policy = loaded.Policy(0.1f, loaded.Manifest.LocalCut),
        });
        var input = new float[loaded.Manifest.Input.Elements];
        Array.Fill(input, value);
        TaskResult local = session.Run(input);
        Assert.True(local.InvalidLogits);
        session.Policy = loaded.Policy(0.1f, 0);
        TaskResult sent = session.Run(input);
        Assert.True(sent.Offloaded, $"{sent}");
        Assert.True(sent.InvalidLogits);
        Assert.Equal((local.Exit, local.Class, local.Confidence, local.Entropy), (sent.Exit, sent.Class, sent.Confidence, sent.Entropy));
        // Nothing of it sticks to the next task.
        Assert.False(session.Run(loaded.Input(1)).InvalidLogits);
    }

    static byte[] Changed(byte[] frame, string lie)
    {
        int headerBytes = BitConverter.ToUInt16(frame, 6);
        ReplyHeader reply = ReplyHeader.Read(frame.AsMemory(FramePrelude.Bytes, headerBytes));
        byte[] payload = frame[(FramePrelude.Bytes + headerBytes)..];
        reply.Answer = lie switch
        {
            "another class" => reply.Answer with { Class = (reply.Answer.Class + 1) % (payload.Length / sizeof(float)) },
            "no confidence" => reply.Answer with { Confidence = float.NaN },
            "entropy above 1" => reply.Answer with { Entropy = 1.5f },
            "an exit that was not to be tried" => reply.Answer with { Exit = 1, Entropy = 0 },
            _ => reply.Answer,
        };
        if (lie == "logits that are no numbers") BitConverter.TryWriteBytes(payload, float.NaN);
        return Frames.Make(FrameKind.Reply, reply.Write, payload);
    }

    static MeterListener Listen(Dictionary<string, long> counted)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == EdgeMetrics.MeterName && instrument.Name == "edgeml.offload.contradictions")
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
        {
            string what = (string)tags[0].Value!;
            lock (counted) counted[what] = counted.GetValueOrDefault(what) + count;
        });
        listener.Start();
        return listener;
    }
}
