using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>Recognises outputs that are probabilities, by their values on the probe, and finds the logits they come from.</summary>
/// <remarks>Exits decide on logits. Where the operators that made the probabilities can be left out, their input is taken; that it is
/// the right one is checked on the probe's values. Otherwise nodes are added that turn the values back.</remarks>
static class Probabilities
{
    const int MostSteps = 24;

    /// <summary>A tensor that may hold the logits of an output.</summary>
    internal sealed record Origin(string Tensor, OutputForm Form, string Operator);

    /// <summary>The kind of an output.</summary>
    internal sealed record Finding(string Logits, OutputForm Form, string Note);

    /// <summary>Operators that keep the order and, but for rounding and limits, the values of their inputs.</summary>
    static bool PassesOn(NodeProto node) => node.OpType is "Identity" or "Dropout" or "Cast" or "Reshape" or "Flatten" or "Squeeze"
        or "Unsqueeze" or "Transpose" or "Clip" or "Mul" or "Div" or "Add" or "Sub" or "Max" or "Min" or "QuantizeLinear"
        or "DequantizeLinear" or "Concat" or "Slice" or "Expand" or "Tile" or "Sum" or "Mean" or "ReduceMean" or "ReduceSum" or "Gather"
        or "Where" or "Round";

    /// <summary>Tensors that may hold the logits of an output, the nearest first.</summary>
    internal static List<Origin> Origins(GraphIndex index, string output)
    {
        var origins = new List<Origin>();
        string tensor = output;
        bool logarithm = false;
        for (int step = 0; step < MostSteps && index.Producer(tensor) is >= 0 and int n; step++)
        {
            NodeProto node = index.Nodes[n];
            // The engine refuses such a node later.
            if (node.Input.Count == 0) break;
            OutputForm softmax = logarithm ? OutputForm.LogSoftmax : OutputForm.Softmax;
            switch (node.OpType)
            {
                case "Softmax": return [.. origins, new(node.Input[0], softmax, node.OpType)];
                case "LogSoftmax" when !logarithm: return [.. origins, new(node.Input[0], OutputForm.LogSoftmax, node.OpType)];
                case "Sigmoid" when !logarithm: return [.. origins, new(node.Input[0], OutputForm.Sigmoid, node.OpType)];
                case "Log" when !logarithm:
                    logarithm = true;
                    tensor = node.Input[0];
                    continue;
                case "Reciprocal" when WrittenOutSigmoid(index, node.Input[0]) is { } z:
                    return [.. origins, new(z, OutputForm.Sigmoid, "a sigmoid")];
                case "Div" when node.Input.Count == 2 && index.IsConstant(node.Input[0]) && WrittenOutSigmoid(index, node.Input[1]) is { } z:
                    return [.. origins, new(z, OutputForm.Sigmoid, "a sigmoid")];
                case "Div" or "Mul":
                    foreach (string factor in node.Input)
                    {
                        if (MadeBy(index, factor, "Exp") is { } exp) origins.Add(new(exp.Input[0], softmax, "a softmax"));
                    }
                    break;
            }
            if (!PassesOn(node)) break;
            string[] data = [.. node.Input.Where(i => i.Length > 0 && !index.IsConstant(i)).Distinct()];
            if (data.Length != 1) break;
            tensor = data[0];
        }
        return origins;
    }

    /// <summary>x of 1 + exp(-x).</summary>
    static string? WrittenOutSigmoid(GraphIndex index, string denominator) =>
        MadeBy(index, denominator, "Add") is { } add
            && add.Input.FirstOrDefault(i => !index.IsConstant(i)) is { } power
            && MadeBy(index, power, "Exp") is { } exp && MadeBy(index, exp.Input[0], "Neg") is { } minus
            ? minus.Input[0]
            : null;

    static NodeProto? MadeBy(GraphIndex index, string tensor, string op) =>
        index.Producer(tensor) is >= 0 and int n && index.Nodes[n] is { Input.Count: > 0 } node && node.OpType == op ? node : null;

    /// <summary>The kind of an output; null for one that holds logits as it is.</summary>
    /// <param name="model">With shapes; nodes may be added to it.</param>
    /// <param name="name">Of the output, for the note.</param>
    /// <param name="tensor">The tensor that holds it.</param>
    /// <param name="runs">Values of it and of its origins; none where the runner computes no values.</param>
    internal static Finding? Recognise(
        Classifier model, string name, string tensor, IReadOnlyList<IReadOnlyDictionary<string, ProbedTensor>> runs)
    {
        TensorInfo info = model.Info(tensor);
        if (info.Elements is < 1 or > Classifier.MostClasses || info.Dims.Count(d => d != 1) > 1) return null;
        double[][] values = Finite(runs, tensor);
        List<Origin> origins = Origins(model.Index, tensor);
        // Rounding of narrower types and of quantisation is kept apart from a wrong reading of the graph.
        bool coarse = info.Type == ElementType.Float16 || Coarse(model.Index, tensor);
        bool single = info.Elements == 1;
        foreach (Origin origin in origins)
        {
            if (model.Dims(origin.Tensor) is not { } dims || TensorInfo.Count(dims) != info.Elements
                || !ElementType.IsActivation(model.Info(origin.Tensor).Type) || (single && origin.Form != OutputForm.Sigmoid))
                continue;
            if (values.Length > 0 && !Agrees(runs, tensor, origin, coarse ? 0.03 : 1e-3)) continue;
            if (values.Length == 0 && origin.Operator.StartsWith("a ", StringComparison.Ordinal)) continue;
            if (single)
                return new Finding(
                    LogitNodes.TwoClasses(model, tensor, origin.Tensor), OutputForm.OneSigmoid,
                    $"output '{name}' is one score of {origin.Operator}: "
                    + $"it becomes two classes, 0 and 1, with the logits 0 and '{origin.Tensor}'");
            return new Finding(
                origin.Tensor, origin.Form,
                $"output '{name}': {origin.Operator} left out, its input '{origin.Tensor}' holds the logits");
        }
        bool bounded = values.Length > 0 && values.All(row => row.All(p => p is >= 0 and <= 1));
        if (!single && bounded && values.All(row => Math.Abs(row.Sum() - 1) <= (coarse ? 0.03 : 1e-3)))
            return new Finding(
                LogitNodes.Logarithm(model, tensor), OutputForm.Softmax,
                $"output '{name}' holds probabilities, {info.Elements} that sum to 1 on the probe; their logarithms are taken as logits");
        if (bounded && Saturates(model.Index, tensor))
        {
            string logits = LogitNodes.Logit(model, tensor);
            return single
                ? new Finding(
                    LogitNodes.TwoClasses(model, tensor, logits), OutputForm.OneSigmoid,
                    $"output '{name}' is one score within 0..1: it becomes two classes, 0 and 1, with the logits 0 and log(p / (1 - p))")
                : new Finding(
                    logits, OutputForm.Sigmoid,
                    $"output '{name}' holds {info.Elements} values within 0..1 on the probe; log(p / (1 - p)) is taken as logits");
        }
        return null;
    }

    static double[][] Finite(IReadOnlyList<IReadOnlyDictionary<string, ProbedTensor>> runs, string tensor) =>
        [.. runs.Select(r => r.GetValueOrDefault(tensor)?.Numbers()).OfType<double[]>().Where(row => row.All(double.IsFinite))];

    static bool Agrees(
        IReadOnlyList<IReadOnlyDictionary<string, ProbedTensor>> runs, string tensor, Origin origin, double tolerance)
    {
        bool compared = false;
        foreach (IReadOnlyDictionary<string, ProbedTensor> run in runs)
        {
            if (run.GetValueOrDefault(tensor)?.Numbers() is not { } output
                || run.GetValueOrDefault(origin.Tensor)?.Numbers() is not { } logits
                || !output.All(double.IsFinite) || !logits.All(double.IsFinite))
                continue;
            float[] expected = OutputForms.Apply(origin.Form, Array.ConvertAll(logits, x => (float)x));
            for (int i = 0; i < expected.Length; i++)
                if (Math.Abs(expected[i] - output[i]) > tolerance * Math.Max(1, Math.Abs(output[i]))) return false;
            compared = true;
        }
        return compared;
    }

    /// <summary>Whether an operator with a bounded result lies between the last layer and an output.</summary>
    static bool Saturates(GraphIndex index, string output)
    {
        var open = new Stack<string>([output]);
        var seen = new HashSet<string>();
        while (open.TryPop(out string? tensor))
        {
            if (!seen.Add(tensor) || index.IsConstant(tensor) || index.Producer(tensor) is not (>= 0 and int n)) continue;
            NodeProto node = index.Nodes[n];
            if (node.OpType is "Sigmoid" or "HardSigmoid" or "Softmax" or "Exp" or "Tanh" or "Erf" or "Clip" or "QLinearSigmoid"
                or "QLinearSoftmax" or "Softsign" || node.Domain == "ai.onnx.ml")
                return true;
            if (OperatorWork.IsProduct(node)) continue;
            foreach (string read in index.Reads(n)) open.Push(read);
        }
        return false;
    }

    static bool Coarse(GraphIndex index, string output)
    {
        string tensor = output;
        for (int step = 0; step < MostSteps && index.Producer(tensor) is >= 0 and int n; step++)
        {
            NodeProto node = index.Nodes[n];
            if (node.OpType is "DequantizeLinear" or "QuantizeLinear") return true;
            if (!PassesOn(node) || node.Input.FirstOrDefault(i => i.Length > 0 && !index.IsConstant(i)) is not { } data) return false;
            tensor = data;
        }
        return false;
    }
}
