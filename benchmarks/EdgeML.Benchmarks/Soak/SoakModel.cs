using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation;
using EdgeML.Simulation.Faults;
using Google.Protobuf;

namespace EdgeML.Benchmarks.Soak;

/// <summary>A version of a model: its package, the model as a device loads it, and the local answers.</summary>
sealed class SoakModel : IDisposable
{
    const int Pictures = 64;

    /// <param name="name">As it is served.</param>
    /// <param name="package">A prepared folder.</param>
    public SoakModel(string name, string package)
    {
        (Name, Package) = (name, package);
        Model = BranchedModel.Load(package);
        Answers = new LocalAnswers(Model, Pictures, seed: 1);
    }

    public string Name { get; }

    public string Package { get; }

    public BranchedModel Model { get; }

    public LocalAnswers Answers { get; }

    /// <summary>Prepares an ONNX file under another version of its producer, which gives it another hash and the same answers.</summary>
    public static void PrepareVersion(string onnx, int version, string package)
    {
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(onnx));
        model.ProducerVersion = $"version {version}";
        string copy = Path.Combine(Path.GetDirectoryName(package)!, $"{Path.GetFileNameWithoutExtension(onnx)}.onnx");
        File.WriteAllBytes(copy, model.ToByteArray());
        ModelPreparation.Prepare(copy, package);
        File.Delete(copy);
    }

    public void Dispose()
    {
        Answers.Dispose();
        Model.Dispose();
    }
}
