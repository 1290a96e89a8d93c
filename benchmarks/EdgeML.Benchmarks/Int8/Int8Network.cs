using EdgeML.Benchmarks.Subjects;
using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Data;
using EdgeML.Training.Progress;
using EdgeML.Training.Quantisation;

namespace EdgeML.Benchmarks.Int8;

/// <summary>A network before and after <c>edgeml quantize</c>, in a folder that goes with the object.</summary>
sealed class Int8Network : IStageProgress, IDisposable
{
    const string SharedData = "shared/data/cifar10";
    const int Samples = 512, TestSamples = 5000;

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeml-int8-");

    /// <param name="float32">Folder of the float32 package.</param>
    /// <param name="data">Samples that tell the ranges.</param>
    /// <param name="test">Samples that judge.</param>
    Int8Network(string float32, string data, string test)
    {
        Float = float32;
        try
        {
            var options = new QuantiseOptions(float32, DataSpec.Parse(data), Package)
            {
                Samples = Samples,
                Test = DataSpec.Parse(test),
                TestSamples = TestSamples,
                OnnxFile = File,
            };
            using var quantiser = new NetworkQuantiser(options, this);
            Report = quantiser.Run(CancellationToken.None);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The large network on CIFAR-10; null where either is missing.</summary>
    public static Int8Network? Large(BenchmarkModels models)
    {
        if (models.Vgg16 is not { } package || BenchmarkModels.FindShared(SharedData) is not { } data) return null;
        return new Int8Network(package, $"cifar10:{Path.Combine(data, "train_batch_1.bin")}", $"cifar10:{Path.Combine(data, "test_batch_a.bin")}");
    }

    /// <summary>Why there is no large network.</summary>
    public static string NoLarge => $"{BenchmarkModels.NoVgg16}, or no {SharedData}";

    /// <summary>The shipped network on shapes.</summary>
    public static Int8Network Shipped(BenchmarkModels models) =>
        new(models.Shipped, "shapes:seed=11,difficulty=mixed", "shapes:seed=12,difficulty=mixed");

    /// <summary>Folder of the float32 package.</summary>
    public string Float { get; }

    /// <summary>Folder of the int8 package.</summary>
    public string Package => Path.Combine(_folder.FullName, "package");

    /// <summary>The int8 network as one file.</summary>
    public string File => Path.Combine(_folder.FullName, "network.onnx");

    public QuantiseReport Report { get; } = null!;

    /// <summary>Inputs of the kind that judged.</summary>
    public float[][] Inputs(ModelManifest manifest, int count)
    {
        using ImageSource source = DataSpec.Parse(Report.Judges).Open(manifest, count);
        float[][] inputs = new float[count][];
        var pixels = new Native.Imaging.InputPixels(manifest);
        for (int i = 0; i < count; i++) source.ReadTensor(i, inputs[i] = new float[manifest.Input.Elements], pixels);
        return inputs;
    }

    public void Begin(string what, long total, long done = 0) => Console.Error.WriteLine($"  {total} {what}");

    void IStageProgress.Report(long done)
    {
    }

    public void End()
    {
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
