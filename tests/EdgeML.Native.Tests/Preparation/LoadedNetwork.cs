using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;

namespace EdgeML.Native.Tests.Preparation;

/// <summary>One of <see cref="RawNetworks"/>, prepared and loaded, beside the session that has the untouched file.</summary>
sealed class LoadedNetwork : IDisposable
{
    readonly TemporaryFolder _folder = new();

    internal LoadedNetwork(string kind, PrepareOptions? options = null, BackendOptions? backend = null, OnnxBuilder? builder = null)
    {
        byte[] onnx = (builder ?? RawNetworks.Make(kind)).Bytes;
        string file = _folder.Write($"{kind}.onnx", onnx);
        Prepared = ModelPreparation.Prepare(file, Folder, options ?? new PrepareOptions { Outputs = OutputKind.Raw });
        Model = BranchedModel.Load(Folder, backend);
        Plain = new PlainSession(onnx);
        using var session = new EdgeSession(Model);
        Inputs = session.NewInputs();
    }

    internal string Folder => _folder["package"];

    internal PreparedModel Prepared { get; }

    internal BranchedModel Model { get; }

    internal ModelManifest Manifest => Model.Manifest;

    internal PlainSession Plain { get; }

    /// <summary>Filled by <see cref="Draw"/>.</summary>
    internal TensorRow Inputs { get; }

    /// <summary>Draws inputs.</summary>
    /// <returns>What the file gives for them.</returns>
    internal Dictionary<string, Array> Draw(int seed)
    {
        var random = new Random(seed);
        foreach (NamedTensor input in Inputs.Tensors)
        {
            if (!input.IsInteger)
                Inputs.Set(input.Name, [.. Enumerable.Range(0, input.Elements).Select(_ => (float)random.NextDouble())]);
            else
                Inputs.Set(input.Name, [.. Enumerable.Range(0, input.Elements).Select(_ => (long)random.Next(input.Type == "uint8" ? 256 : 10))]);
        }
        return Plain.Run(Inputs);
    }

    public void Dispose()
    {
        Plain.Dispose();
        Model.Dispose();
        _folder.Dispose();
    }
}
