using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Training.Quantisation;

namespace EdgeML.Training.Tests.Quantisation;

/// <summary>Scores of a package at every cut beside those of one session over its file.</summary>
static class PackageAnswers
{
    /// <summary>Every exit's scores of one session over a whole file, for some inputs.</summary>
    internal static float[][][] OfFile(string file, string floatPackage, float[][] inputs)
    {
        using ModelPackage package = ModelPackage.Open(floatPackage);
        WholeGraph graph = WholeGraph.Of(package, new NativeGraphRunner());
        return Scores(ModelProto.Parser.ParseFrom(File.ReadAllBytes(file)), graph, inputs);
    }

    internal static float[][][] OfFloat(string floatPackage, float[][] inputs)
    {
        using ModelPackage package = ModelPackage.Open(floatPackage);
        WholeGraph graph = WholeGraph.Of(package, new NativeGraphRunner());
        return Scores(graph.Model, graph, inputs);
    }

    /// <summary>Largest difference of any exit at any cut from scores, as a part of the largest score.</summary>
    internal static double Difference(string folder, float[][] inputs, float[][][] expected)
    {
        using BranchedModel model = BranchedModel.Load(folder);
        using var slot = new InferenceSlot(model);
        ModelManifest manifest = model.Manifest;
        double largest = expected.SelectMany(rows => rows).SelectMany(row => row).Max(x => (double)Math.Abs(x)), worst = 0;
        float[] tried = new float[manifest.SideExits];
        Array.Fill(tried, float.Epsilon);
        for (int cut = 0; cut <= manifest.LocalCut; cut++)
        {
            for (int i = 0; i < inputs.Length; i++)
            {
                for (int e = 1; e <= manifest.Exits.Count; e++) slot.Workspace.Logits(e).Floats.Fill(float.NaN);
                slot.Load(inputs[i]);
                if (cut > 0) slot.Run(0, cut, tried);
                if (cut < manifest.LocalCut) slot.Run(cut, manifest.LocalCut, tried);
                for (int e = 0; e < manifest.Exits.Count; e++)
                {
                    ReadOnlySpan<float> got = slot.Workspace.Logits(e + 1).Floats;
                    // An exit at the cut itself is tried on one side only, and a sure one ends its side.
                    if (float.IsNaN(got[0]) && e < manifest.SideExits) continue;
                    for (int c = 0; c < got.Length; c++) worst = Math.Max(worst, Math.Abs(got[c] - expected[i][e][c]) / largest);
                }
            }
        }
        return worst;
    }

    static float[][][] Scores(ModelProto model, WholeGraph graph, float[][] inputs)
    {
        using var session = new GraphSession(model, graph, graph.Outputs);
        return
        [
            .. inputs.Select(input =>
            {
                float[][] rows = new float[graph.Outputs.Count][];
                session.Run(input, (exit, values) => rows[exit] = values.ToArray());
                return rows;
            }),
        ];
    }
}
