using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Tests.Models.Onnx;
using Google.Protobuf;

namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <summary>A graph under construction: random choices, shapes, and operators as the graph's operator set spells them.</summary>
sealed partial class GraphDraft
{
    internal GraphDraft(int seed, int opset)
    {
        Random = new Random(seed);
        Opset = opset;
        Builder = new OnnxBuilder(unchecked(seed * 7919 + 17));
        Builder.Model.OpsetImport[0].Version = opset;
        // The version of the file format that came with each operator set.
        Builder.Model.IrVersion = opset switch { < 10 => 4, 10 => 5, 11 => 6, < 15 => 7, < 19 => 8, < 21 => 9, _ => 10 };
    }

    internal Random Random { get; }

    internal OnnxBuilder Builder { get; }

    internal GraphProto Graph => Builder.Graph;

    internal int Opset { get; }

    /// <summary>Whether weights and activations are half precision just now.</summary>
    internal bool Half { get; private set; }

    /// <summary>Kinds of construction the graph holds, for messages and for the test of the generator.</summary>
    internal SortedSet<string> Traits { get; } = new(StringComparer.Ordinal);

    internal bool Chance(double probability) => Random.NextDouble() < probability;

    internal T Pick<T>(params ReadOnlySpan<T> values) => values[Random.Next(values.Length)];

    /// <summary>A whole number, both ends included.</summary>
    internal int Between(int low, int high) => Random.Next(low, high + 1);

    internal Activation Input(string name, params long[] dims)
    {
        // A batch that the file leaves open, or names, or fixes.
        long[] declared = [Chance(0.5) ? -1 : 1, .. dims[1..]];
        return new Activation(Builder.Input(name, declared), dims);
    }

    /// <summary>A node with one output.</summary>
    internal Activation Node(string op, string[] inputs, long[] dims, params AttributeProto[] attributes)
    {
        Traits.Add(op);
        return new Activation(Builder.Node(op, inputs, null, attributes), dims);
    }

    /// <summary>A node with one input, one output and the same shape.</summary>
    internal Activation Apply(string op, Activation x, params AttributeProto[] attributes) => Node(op, [x.Name], x.Dims, attributes);

    /// <summary>An element-wise node of two inputs; the second is broadcast to the first, in either order of writing.</summary>
    internal Activation Apply(string op, Activation x, string y)
    {
        bool commutes = op is "Add" or "Mul";
        return Node(op, commutes && Chance(0.4) ? [y, x.Name] : [x.Name, y], x.Dims);
    }

    internal Activation Apply(string op, Activation x, Activation y) => Apply(op, x, y.Name);

    /// <summary>An operator of ONNX Runtime's own domain.</summary>
    internal Activation Contrib(string op, string[] inputs, long[] dims, params AttributeProto[] attributes)
    {
        Activation made = Node(op, inputs, dims, attributes);
        Graph.Node[^1].Domain = "com.microsoft";
        if (Builder.Model.OpsetImport.All(set => set.Domain != "com.microsoft"))
            Builder.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
        return made;
    }

    internal Activation ToHalf(Activation x)
    {
        Half = true;
        return Apply("Cast", x, Int("to", ElementType.Float16));
    }

    internal Activation ToFloat(Activation x)
    {
        if (!Half) return x;
        Half = false;
        return Apply("Cast", x, Int("to", ElementType.Float));
    }

    /// <summary>Back to half precision after an output that was cast.</summary>
    internal void Resume() => Half = true;

    /// <summary>Gives a tensor the name of an output.</summary>
    internal void Rename(Activation x, string name)
    {
        foreach (NodeProto node in Graph.Node)
        {
            for (int i = 0; i < node.Output.Count; i++)
                if (node.Output[i] == x.Name) node.Output[i] = name;
            for (int i = 0; i < node.Input.Count; i++)
                if (node.Input[i] == x.Name) node.Input[i] = name;
        }
    }

    internal static AttributeProto Int(string name, long value) => OnnxBuilder.Int(name, value);

    internal static AttributeProto Ints(string name, params long[] values) => OnnxBuilder.Ints(name, values);

    internal static AttributeProto Float(string name, float value) => new() { Name = name, Type = 1, F = value };

    internal static AttributeProto Text(string name, string value) =>
        new() { Name = name, Type = 3, S = ByteString.CopyFromUtf8(value) };

    internal static AttributeProto Subgraph(string name, GraphProto value) => new() { Name = name, Type = 5, G = value };
}
