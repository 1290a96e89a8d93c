using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Tests.Models.Onnx;

namespace EdgeML.Native.Tests.Inference.Engines;

/// <summary>A chain of six units with four side exits under an exit rule, and which exit answers by the rule's definition in double
/// precision on the logits of one session over the whole model.</summary>
sealed class RuledGraph : IDisposable
{
    /// <summary>Exits that are so near to their threshold are not compared.</summary>
    const double Rounding = 1e-4;

    public const int SideExits = 4, Classes = 3;

    readonly LoadedGraph _loaded;

    public RuledGraph(string rule, BackendOptions? options = null, ICustomExitRule? custom = null)
    {
        Rule = ExitRule.Parse(rule);
        options ??= new BackendOptions();
        if (Rule.Kind == ExitRuleKind.Custom) options = options with { CustomExitRule = custom ?? new Spread() };
        _loaded = new LoadedGraph(Network(), options, new PrepareOptions { ExitRule = Rule });
    }

    public static TheoryData<string> Rules => ["entropy", "max-probability", "margin", "patience:2", "patience:3", "custom:spread"];

    /// <summary>Thresholds of which some try all exits, some skip a few.</summary>
    public static float[][] Thresholds =>
        [[0.6f, 0.6f, 0.6f, 0.6f], [0.3f, 0.8f, 0.5f, 1f], [0, 0.8f, 0, 0.9f], [0, 0, 0.95f, 0], [0.9f, 0, 0, 0.9f], [1, 1, 1, 1], [0, 0, 0, 0.97f], [0, 0, 0, 0]];

    public ExitRule Rule { get; }

    public BranchedModel Model => _loaded.Model;

    public ModelManifest Manifest => _loaded.Manifest;

    public string Folder => _loaded.Folder;

    public static byte[] Network()
    {
        var b = new OnnxBuilder(77);
        string x = b.Input("image", 1, 3, 8, 8);
        for (int unit = 1; unit <= 6; unit++)
        {
            x = b.ConvRelu(x, unit == 1 ? 3 : 8, 8);
            if (unit is 1 or 2 or 4 or 5) Head(b, x, $"exit{unit}");
        }
        Head(b, x, "logits");
        b.Output("exit1", "exit2", "exit4", "exit5", "logits");
        return b.Bytes;
    }

    /// <summary>Scores of every class and every spread, whatever the weights: of what differs within a channel, and divided by their
    /// size.</summary>
    static void Head(OnnxBuilder b, string x, string output)
    {
        string mean = b.Node("ReduceMean", [x], null, OnnxBuilder.Ints("axes", 2, 3));
        string y = b.Gemm(b.Flatten(b.Node("Sub", [x, mean])), 8 * 64, Classes);
        string size = b.Node("Add", [b.Node("ReduceMean", [b.Node("Abs", [y])], null, OnnxBuilder.Ints("axes", 1)), b.Weight([1], [1e-3f])]);
        b.Node("Mul", [b.Node("Div", [y, size]), b.Weight([1], [1.5f])], output);
    }

    public float[] Input(int seed)
    {
        var random = new Random(seed);
        float[] input = _loaded.Input(seed);
        float scale = 0.2f + (2 * random.NextSingle());
        for (int i = 0; i < input.Length; i++) input[i] = scale * (input[i] - (seed % 3 * 0.25f));
        return input;
    }

    /// <summary>The exit that answers and its class; null where rounding may decide.</summary>
    public (int Exit, int Class)? Expected(float[] input, ReadOnlySpan<float> thresholds)
    {
        float[][] logits = _loaded.Reference(input);
        for (int exit = 0; exit < SideExits; exit++)
        {
            double uncertainty = Uncertainty(logits, exit);
            if (thresholds[exit] > 0 && Math.Abs(uncertainty - thresholds[exit]) < Rounding && uncertainty < 1) return null;
            if (uncertainty < thresholds[exit]) return (exit + 1, ClassOf(logits[exit]));
        }
        return (SideExits + 1, ClassOf(logits[^1]));
    }

    double Uncertainty(float[][] logits, int exit)
    {
        double[] p = Probabilities(logits[exit]);
        double[] sorted = [.. p.OrderDescending()];
        switch (Rule.Kind)
        {
            case ExitRuleKind.MaxProbability: return (1 - sorted[0]) * p.Length / (p.Length - 1);
            case ExitRuleKind.Margin: return 1 - (sorted[0] - sorted[1]);
            case ExitRuleKind.Custom: return Spread.Of(logits[exit]);
            case ExitRuleKind.Patience:
                if (exit + 1 < Rule.Patience) return 1;
                for (int before = exit - Rule.Patience + 1; before < exit; before++)
                    if (ClassOf(logits[before]) != ClassOf(logits[exit])) return 1;
                break;
        }
        return -p.Sum(each => each > 0 ? each * Math.Log(each) : 0) / Math.Log(p.Length);
    }

    static double[] Probabilities(float[] logits)
    {
        double[] e = [.. logits.Select(x => Math.Exp((double)x - logits.Max()))];
        return [.. e.Select(x => x / e.Sum())];
    }

    static int ClassOf(float[] logits) => Array.IndexOf(logits, logits.Max());

    public ExitPolicy Policy(float[] thresholds, int cut) => new(thresholds, cut);

    public void Dispose() => _loaded.Dispose();

    /// <summary>A program's rule: unsure where the outputs lie close together.</summary>
    public sealed class Spread : ICustomExitRule
    {
        public string Name => "spread";

        public float Uncertainty(int exit, ReadOnlySpan<float> output) => (float)Of(output);

        public static double Of(ReadOnlySpan<float> output)
        {
            (float least, float most) = (float.PositiveInfinity, float.NegativeInfinity);
            foreach (float value in output) (least, most) = (Math.Min(least, value), Math.Max(most, value));
            return Math.Exp(least - most);
        }
    }
}
