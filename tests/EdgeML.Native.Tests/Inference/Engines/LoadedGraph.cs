using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;

namespace EdgeML.Native.Tests.Inference.Engines;

/// <summary>A small test graph as a loaded model, and the same graph whole in one session as the reference.</summary>
sealed class LoadedGraph : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly Backend _backend;
    readonly Engine _whole;

    public LoadedGraph(string graph, BackendOptions? options = null) : this(Graphs.All[graph]().Bytes, options)
    {
    }

    public LoadedGraph(byte[] onnx, BackendOptions? options = null, PrepareOptions? prepare = null)
    {
        File.WriteAllBytes(_folder["test.onnx"], onnx);
        ModelPreparation.Prepare(_folder["test.onnx"], Folder, prepare);
        Model = BranchedModel.Load(Folder, options);
        _backend = new Backend(new BackendOptions());
        using var none = new WeightsHandle();
        _whole = new Engine(_backend, none, Model.Package.BuildWhole(inlineWeights: true), watch: null, Model.Optimization);
    }

    public string Folder => _folder["package"];

    public BranchedModel Model { get; }

    public ModelManifest Manifest => Model.Manifest;

    /// <summary>A seeded input.</summary>
    public float[] Input(int seed)
    {
        var random = new Random(seed);
        var input = new float[Manifest.Input.Elements];
        for (int i = 0; i < input.Length; i++) input[i] = (float)random.NextDouble();
        return input;
    }

    /// <summary>Logits of every exit, final last, from one session over the whole model.</summary>
    public unsafe float[][] Reference(float[] input)
    {
        fixed (float* pointer = input)
        {
            void* data = pointer;
            NativeError.Check(NativeMethods.OutputsCreate(out var outputs, _whole.Handle, &data, [(ulong)input.Length * sizeof(float)], 1));
            using (outputs)
            {
                var logits = new float[Manifest.Exits.Count][];
                for (uint i = 0; i < logits.Length; i++)
                {
                    var info = new TensorInfoNative();
                    NativeError.Check(NativeMethods.OutputsGet(ref info, out void* output, outputs, i));
                    logits[i] = new ReadOnlySpan<float>(output, Manifest.Classes).ToArray();
                }
                return logits;
            }
        }
    }

    /// <summary>A policy with the same threshold everywhere.</summary>
    public ExitPolicy Policy(float threshold, int cut)
    {
        var thresholds = new float[Manifest.SideExits];
        Array.Fill(thresholds, threshold);
        return new ExitPolicy(thresholds, cut);
    }

    public static void AssertClose(float[] expected, float[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= 1e-4f * Math.Max(1f, Math.Abs(expected[i])),
                $"{what}: logit {i} is {actual[i]}, whole model {expected[i]}");
    }

    public void Dispose()
    {
        _whole.Dispose();
        _backend.Dispose();
        Model.Dispose();
        _folder.Dispose();
    }
}
