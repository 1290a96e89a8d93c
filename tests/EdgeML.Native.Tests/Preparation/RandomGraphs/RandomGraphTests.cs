using EdgeML.Native.Preparation;
using EdgeML.Native.Tests.Models;
using Google.Protobuf;

namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <summary>Small classifiers drawn from seeds, prepared and run in every way: the answers are those of the untouched file.</summary>
/// <remarks>The environment variable EDGEML_RANDOM_GRAPHS chooses the seeds: "1..300", or "137" for one; 30 without it.</remarks>
public sealed class RandomGraphTests(ITestOutputHelper output)
{
    const string Variable = "EDGEML_RANDOM_GRAPHS";
    const int InOrdinaryRuns = 30, All = 300, Samples = 4, QuantisedSamples = 40, SamplesPerWay = 2, Attempts = 20;
    const float LeastMovement = 0.02f;

    public static TheoryData<int> Seeds
    {
        get
        {
            string[] range = (Environment.GetEnvironmentVariable(Variable) ?? $"1..{InOrdinaryRuns}").Split("..");
            (int first, int last) = (int.Parse(range[0]), int.Parse(range[^1]));
            return [.. Enumerable.Range(first, last - first + 1)];
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Prepare_RandomGraph_AnswersAsTheUntouchedFileInEveryWay(int seed)
    {
        RandomGraph graph = RandomGraph.Make(seed);
        using var folder = new TemporaryFolder();
        string? fault;
        try
        {
            for (int attempt = 1; IsDull(graph) && attempt < Attempts; attempt++) graph = RandomGraph.Make(seed, attempt);
            output.WriteLine(graph.ToString());
            fault = Check(graph, folder);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            fault = e.ToString();
        }
        if (fault is null) return;
        string kept = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"edgeml-random-graph-{seed}")).FullName;
        File.WriteAllBytes(Path.Combine(kept, "model.onnx"), graph.Model.ToByteArray());
        Assert.Fail(
            $"{graph}: {fault}\nholds {string.Join(", ", graph.Traits)}\nagain: {Variable}={seed} dotnet test tests/EdgeML.Native.Tests -c Release "
            + $"--filter {nameof(RandomGraphTests)}\nthe model: {kept}");
    }

    string? Check(RandomGraph graph, TemporaryFolder folder)
    {
        float[][] samples = SamplesOf(graph);
        string file = folder.Write("model.onnx", graph.Model.ToByteArray());
        if (graph.Unsuitable is { } reason) return RefusalFault(file, folder["package"], reason);
        Comparison comparison = Reference(graph, samples);
        ModelPreparation.Prepare(file, folder["package"]);
        using var answers = new PreparedAnswers(folder["package"]);
        Dictionary<int, GraphOutput> outputs = answers.Manifest.Exits.ToDictionary(
            exit => exit.Index, exit => graph.Outputs.Single(each => each.Name == exit.Name));
        if (outputs.Count != graph.Outputs.Count) return $"{outputs.Count} exits of {graph.Outputs.Count} outputs";
        string? fault = graph.Precision == Precision.Quantised
            ? QuantisedFault(answers, outputs, comparison, samples)
            : Fault(answers, outputs, comparison, samples);
        output.WriteLine(
            $"{answers.Manifest.LocalCut + 1} cuts, {outputs.Count} exits, worst difference {comparison.Worst:g3}, engines {answers.Manifest.Engines}");
        return fault;
    }

    /// <summary>Whether the scores hardly depend on the input, so that a wrong answer would not show.</summary>
    static bool IsDull(RandomGraph graph)
    {
        if (graph.Unsuitable is not null) return false;
        Comparison comparison = Reference(graph, SamplesOf(graph));
        return !graph.Outputs.All(each => comparison.Movement(each) >= LeastMovement && !comparison.IsEven(each));
    }

    static float[][] SamplesOf(RandomGraph graph) => graph.Samples(graph.Precision == Precision.Quantised ? QuantisedSamples : Samples);

    static Comparison Reference(RandomGraph graph, float[][] samples)
    {
        using var file = new UntouchedFile(graph);
        return new Comparison(graph, [.. samples.Select(sample => file.Run(graph, sample))]);
    }

    static string? Fault(PreparedAnswers answers, Dictionary<int, GraphOutput> outputs, Comparison comparison, float[][] samples)
    {
        int next = 0;
        foreach ((Way way, Func<float[], float[]> answer) in answers.All())
        {
            for (int i = 0; i < SamplesPerWay; i++)
            {
                int sample = next++ % samples.Length;
                if (comparison.Fault(outputs[way.Exit], sample, answer(samples[sample])) is { } fault) return $"{way}: {fault}";
            }
        }
        return null;
    }

    static string? QuantisedFault(PreparedAnswers answers, Dictionary<int, GraphOutput> outputs, Comparison comparison, float[][] samples)
    {
        Dictionary<int, float[][]> uncut = outputs.Keys.ToDictionary(exit => exit, exit => samples.Select(s => answers.Uncut(s, exit)).ToArray());
        foreach ((int exit, GraphOutput each) in outputs)
            if (comparison.RoundingFault(each, uncut[exit]) is { } fault) return $"uncut: {fault}";
        int next = 0;
        foreach ((Way way, Func<float[], float[]> answer) in answers.All())
        {
            for (int i = 0; i < 2 * SamplesPerWay; i++)
            {
                int sample = next++ % samples.Length;
                float[] given = answer(samples[sample]), right = uncut[way.Exit][sample];
                if (!given.AsSpan().SequenceEqual(right))
                    return $"{way}: sample {sample} is {given.Zip(right, (a, b) => Math.Abs(a - b)).Max():g3} off the uncut network, not its bits";
            }
        }
        return null;
    }

    /// <summary>What cannot be used is refused in one line that names the operator.</summary>
    static string? RefusalFault(string file, string folder, string reason)
    {
        try
        {
            ModelPreparation.Prepare(file, folder);
            return $"accepted in spite of {reason}";
        }
        catch (InvalidDataException e)
        {
            return e.Message.Contains(reason, StringComparison.Ordinal) && !e.Message.Contains('\n') && !Directory.Exists(folder)
                ? null
                : $"{reason} was refused with: {e.Message}";
        }
    }

    [Fact]
    public void Make_AllSeeds_HoldEverythingTheTestIsAbout()
    {
        RandomGraph[] graphs = [.. Enumerable.Range(1, All).Select(seed => RandomGraph.Make(seed))];
        output.WriteLine($"seeds 1..{All}");
        Dictionary<string, int> counts = graphs.SelectMany(graph => graph.Traits).CountBy(trait => trait).ToDictionary();
        foreach ((string trait, int count) in counts.OrderBy(pair => pair.Key, StringComparer.Ordinal)) output.WriteLine($"{count,4} {trait}");
        foreach (string trait in s_expected) Assert.True(counts.GetValueOrDefault(trait) >= 5, $"{counts.GetValueOrDefault(trait)} graphs hold: {trait}");
        Assert.InRange(graphs.Count(graph => graph.Unsuitable is not null), 1, All * 3 / 100);
        Assert.Equal(13, graphs.Select(graph => graph.Model.OpsetImport[0].Version).Distinct().Count());
        Assert.Equal(graphs[16].Model, RandomGraph.Make(graphs[16].Seed).Model);
    }

    static readonly string[] s_expected =
    [
        "Conv", "depthwise Conv", "grouped Conv", "dilated Conv", "ConvTranspose", "BatchNormalization", "InstanceNormalization",
        "layer normalisation", "group normalisation", "attention", "attention mask", "MatMul", "Softmax", "Gemm", "Einsum", "channels last",
        "broadcasts", "Concat", "Split", "residual block", "squeeze and excite", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool",
        "GlobalMaxPool", "MaxPool with ceil_mode", "AveragePool with ceil_mode", "dilated MaxPool", "Pad and Conv", "Pad and MaxPool",
        "Pad and AveragePool", "Pad reflect", "Gather", "Slice", "shared above 1 KB", "shared below 1 KB", "weight above 1 KB",
        "weight of 1 KB", "weight after a Transpose", "weight after a Reshape", "tied weights", "Constant", "half", "If", "Loop",
        "subgraph that captures weights", "subgraph with weights inside", "LSTM", "GRU", "QLinearConv", "QLinearMatMul", "QLinearAdd",
        "DynamicQuantizeLinear", "QuantizeLinear", "scale per channel", "8-bit weight above 1 KB", "softmax at the end", "GELU", "Shape",
    ];
}
