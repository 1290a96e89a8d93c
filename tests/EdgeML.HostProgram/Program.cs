using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Policies;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace EdgeML.HostProgram;

/// <summary>A program that uses ONNX Runtime's own package beside this library, over one file of ONNX Runtime: <c>ORDER PACKAGE MODEL
/// THREADS</c>, where ORDER is host-first or ours-first. Ends with 0 when both gave the same answers all the time.</summary>
static class Program
{
    const int Inputs = 8;

    static int Main(string[] arguments)
    {
        (string order, string package, string file, int threads) = (arguments[0], arguments[1], arguments[2], int.Parse(arguments[3]));
        var options = new BackendOptions { Threads = threads };
        return order switch
        {
            "host-first" => HostFirst(package, file, options),
            "ours-first" => OursFirst(package, file, options),
            _ => throw new ArgumentException($"order '{order}'"),
        };
    }

    static int HostFirst(string package, string file, BackendOptions options)
    {
        using var host = new InferenceSession(file);
        float[][] before = Host(host, file, package);
        for (int round = 0; round < 2; round++)
        {
            using BranchedModel model = BranchedModel.Load(package, options);
            Report(model);
            Require(model.BackendNotes.Count == 1, "the model does not say that it is a guest");
            Compare(before, model);
            // Both at the same time.
            var theirs = new Thread(() => Compare(before, Host(host, file, package), "the host meanwhile"));
            theirs.Start();
            Compare(before, model);
            theirs.Join();
        }
        Compare(before, Host(host, file, package), "the host afterwards");
        return Environment.ExitCode;
    }

    static int OursFirst(string package, string file, BackendOptions options)
    {
        BranchedModel model = BranchedModel.Load(package, options);
        Report(model);
        Require(model.BackendNotes.Count == 0, "the model says that it is a guest");
        float[][] ours = Ours(model);
        using var host = new InferenceSession(file);
        Compare(ours, Host(host, file, package), "the host");
        Compare(ours, model);
        model.Dispose();
        Compare(ours, Host(host, file, package), "the host alone");
        using BranchedModel again = BranchedModel.Load(package, options);
        Report(again);
        Compare(ours, again);
        return Environment.ExitCode;
    }

    static void Report(BranchedModel model)
    {
        Console.WriteLine($"loaded by {model.BackendVersion}");
        foreach (string note in model.BackendNotes) Console.WriteLine($"note: {note}");
        string[] files =
        [
            .. File.ReadLines("/proc/self/maps").Where(line => line.Contains("libonnxruntime", StringComparison.Ordinal))
                .Select(line => line[line.IndexOf('/')..]).Distinct(),
        ];
        Console.WriteLine($"mapped: {string.Join(' ', files.Select(Path.GetFileName))}");
        Require(files.Length == 1, $"{files.Length} files of ONNX Runtime are mapped");
    }

    static float[] Input(int seed, int elements)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, elements).Select(_ => (float)random.NextDouble())];
    }

    static float[][] Host(InferenceSession session, string file, string package)
    {
        using ModelPackage facts = ModelPackage.Open(package);
        ModelManifest manifest = facts.Manifest;
        Require(File.Exists(file), file);
        int[] shape = [1, .. manifest.Input.Shape];
        var all = new float[Inputs][];
        for (int i = 0; i < Inputs; i++)
        {
            var tensor = new DenseTensor<float>(Input(i, manifest.Input.Elements), shape);
            using var results = session.Run(
                [NamedOnnxValue.CreateFromTensor(session.InputNames[0], tensor)], [manifest.Exits[^1].Name]);
            all[i] = [.. results[0].AsEnumerable<float>()];
        }
        return all;
    }

    static float[][] Ours(BranchedModel model, int cut = -1)
    {
        ModelManifest manifest = model.Manifest;
        var thresholds = new float[manifest.SideExits];
        using var session = new EdgeSession(
            model, new EdgeSessionOptions { Policy = new ExitPolicy(thresholds, cut < 0 ? manifest.LocalCut : cut) });
        var all = new float[Inputs][];
        for (int i = 0; i < Inputs; i++) session.Run(Input(i, manifest.Input.Elements), all[i] = new float[manifest.Classes]);
        return all;
    }

    static void Compare(float[][] expected, BranchedModel model)
    {
        for (int cut = 0; cut <= model.Manifest.LocalCut; cut++) Compare(expected, Ours(model, cut), $"ours at cut {cut}");
        Require(model.WaitForFusion(TimeSpan.FromSeconds(60)), "ranges are still being fused");
        Compare(expected, Ours(model), "ours, fused");
    }

    static void Compare(float[][] expected, float[][] actual, string what)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            float largest = expected[i].Max(Math.Abs);
            for (int k = 0; k < expected[i].Length; k++)
                Require(
                    Math.Abs(expected[i][k] - actual[i][k]) <= 1e-4f * largest,
                    $"{what}: logit {k} of input {i} is {actual[i][k]}, not {expected[i][k]}");
        }
    }

    static void Require(bool holds, string otherwise)
    {
        if (holds) return;
        Console.Error.WriteLine(otherwise);
        Environment.ExitCode = 1;
    }
}
