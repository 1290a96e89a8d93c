using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Offload.Client;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>An exit that stands by reads the tensor at the cut as the edge made it, and leaves it so that whoever finishes answers as the
/// tail would have.</summary>
public sealed class StandbyCodecTests
{
    static readonly BackendOptions s_plain = new() { Fuse = false };

    [Theory]
    [InlineData(TensorEncoding.Float32, 0)]
    [InlineData(TensorEncoding.Float32, 2)]
    [InlineData(TensorEncoding.Float16, 0)]
    [InlineData(TensorEncoding.Float16, 3)]
    [InlineData(TensorEncoding.Int8, 0)]
    [InlineData(TensorEncoding.Int8, 2)]
    [InlineData(TensorEncoding.Bytes, 0)]
    [InlineData(TensorEncoding.Bottleneck, 1)]
    public void Run_StandbyExitWithoutAnAnswer_FinishesAsWithoutOne(TensorEncoding encoding, int cut)
    {
        using var loaded = new LoadedGraph(StandbyGraphs.Invalid(), s_plain);
        using BranchedModel model = WithBottleneck(loaded);
        int sent = -1;
        using RawTail tail = ModelTail.Silent(model, request => Volatile.Write(ref sent, (int)request.Encoding));
        ExitPolicy policy = Policy(loaded, encoding, cut);
        EdgeSessionOptions Codec(EdgeSessionOptions options) => options with { Codec = CodecOf(encoding) };
        using var hedged = new Hedged(loaded, policy.WithStandby(2), tail.Port, 200, Codec, model);
        using var alone = new EdgeSession(model, Codec(new EdgeSessionOptions { Policy = policy }));
        byte[] source = new byte[loaded.Manifest.Input.Elements];
        new Random(31).NextBytes(source);
        float[] input = loaded.Input(31), logits = new float[loaded.Manifest.Classes];
        bool isBytes = encoding == TensorEncoding.Bytes;
        TaskResult result = isBytes ? hedged.Run(source) : hedged.Run(input);
        TaskResult expected = isBytes ? alone.Run(source, logits) : alone.Run(input, logits);
        Assert.Equal((int)encoding, Volatile.Read(ref sent));
        Assert.True(result.Fallback && !result.Standby && result.BytesSent > 0);
        Assert.Equal(StandbyGraphs.Second - cut, hedged.Record.StandbyUnits);
        Assert.Equal((expected.Exit, expected.Class, expected.Entropy), (result.Exit, result.Class, result.Entropy));
        Assert.Equal(logits, hedged.Logits.ToArray());
    }

    [Theory]
    [InlineData(TensorEncoding.Float16, 3)]
    [InlineData(TensorEncoding.Int8, 2)]
    [InlineData(TensorEncoding.Bottleneck, 1)]
    public void Run_StandbyExit_AnswersFromTheTensorThatWasNotCoded(TensorEncoding encoding, int cut)
    {
        using var loaded = new LoadedGraph(StandbyGraphs.Sound(), s_plain);
        using BranchedModel model = WithBottleneck(loaded);
        using RawTail tail = ModelTail.Silent(model);
        ExitPolicy policy = Policy(loaded, encoding, cut);
        EdgeSessionOptions Codec(EdgeSessionOptions options) => options with { Codec = CodecOf(encoding) };
        using var hedged = new Hedged(loaded, policy.WithStandby(2), tail.Port, 200, Codec, model);
        float[] input = loaded.Input(17);
        TaskResult result = hedged.Run(input);
        Assert.True(result.BytesSent > 0);
        hedged.AssertSaid(result, 2, input);
        // From the coded tensor the same exit says something else.
        using var coded = new EdgeSession(
            model, Codec(new EdgeSessionOptions { Policy = new ExitPolicy([0f, 1f], cut, bottleneck: policy.Bottleneck) }));
        var logits = new float[loaded.Manifest.Classes];
        Assert.Equal(2, coded.Run(input, logits).Exit);
        Assert.NotEqual(logits, hedged.Logits.ToArray());
    }

    [Fact]
    public void Run_SourceBytes_StandbyExitAnswersAsForTheTensor()
    {
        using var loaded = new LoadedGraph(StandbyGraphs.Sound(), s_plain);
        int sent = -1;
        using RawTail tail = ModelTail.Silent(loaded.Model, request => Volatile.Write(ref sent, (int)request.Encoding));
        using var hedged = new Hedged(loaded, loaded.Policy(0f, 0).WithStandby(2), tail.Port, 200);
        byte[] source = new byte[loaded.Manifest.Input.Elements];
        new Random(5).NextBytes(source);
        TaskResult result = hedged.Run(source);
        Assert.Equal((int)TensorEncoding.Bytes, Volatile.Read(ref sent));
        hedged.AssertSaid(result, 2, [.. source.Select(value => value * (float)loaded.Manifest.Input.ByteScale)]);
    }

    static TensorEncoding CodecOf(TensorEncoding encoding) =>
        encoding is TensorEncoding.Bytes or TensorEncoding.Bottleneck ? TensorEncoding.Float32 : encoding;

    static ExitPolicy Policy(LoadedGraph loaded, TensorEncoding encoding, int cut) =>
        loaded.Policy(0f, cut).WithBottleneck(encoding == TensorEncoding.Bottleneck ? 1 : 0);

    static BranchedModel WithBottleneck(LoadedGraph loaded)
    {
        loaded.Model.Package.SaveBottlenecks([TestBottlenecks.Make(loaded.Manifest, 3, cut: 1)]);
        return BranchedModel.Load(loaded.Folder, s_plain);
    }
}
