using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Tests.Models.Onnx;

namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <summary>Blocks whose work lies in graphs inside a node. What these read from outside is captured, not listed as an input.</summary>
static class SubgraphBlocks
{
    /// <param name="d">The graph.</param>
    /// <param name="x">Of any shape.</param>
    /// <param name="body">Work that keeps the shape.</param>
    internal static Activation Any(GraphDraft d, Activation x, Func<Activation, Activation> body) =>
        d.Chance(0.6) ? Condition(d, x, body) : Repeat(d, x);

    /// <summary>Two branches, of which the input chooses one, or a constant does.</summary>
    static Activation Condition(GraphDraft d, Activation x, Func<Activation, Activation> body)
    {
        string condition;
        if (d.Chance(0.3)) condition = d.Narrow(ElementType.Bool, [], [d.Between(0, 1)]);
        else
        {
            Activation mean = d.Reduce("ReduceMean", d.Half ? d.Apply("Cast", x, GraphDraft.Int("to", ElementType.Float)) : x, keep: false,
                [.. Enumerable.Range(0, x.Rank).Select(i => (long)i)]);
            // Far from what any input gives, so that rounding cannot change the branch.
            string bound = d.Builder.Weight([], [d.Pick(-1000f, 1000f)]);
            condition = d.Node("Greater", [mean.Name, bound], []).Name;
        }
        GraphProto then = Inside(d, "then", () => body(x));
        GraphProto otherwise = Inside(d, "else", () => d.Apply("Mul", d.Apply("Add", x, d.Scalar(0.1f)), d.Scalar(1.5f)));
        return d.Node("If", [condition], x.Dims, GraphDraft.Subgraph("then_branch", then), GraphDraft.Subgraph("else_branch", otherwise));
    }

    /// <summary>A loop of a few rounds over a state of one shape, with weights inside and outside.</summary>
    static Activation Repeat(GraphDraft d, Activation x)
    {
        string rounds = d.Builder.Weight64(d.Between(2, 3)), always = d.Narrow(ElementType.Bool, [], [1]);
        string outside = d.Around(0.7, 0.2, x.Dims[1..]);
        string prefix = $"loop{d.Graph.Node.Count}_";
        int type = d.Half ? ElementType.Float16 : ElementType.Float;
        var state = new Activation(prefix + "state", x.Dims);
        GraphProto body = Inside(d, "body", () => d.Apply("Tanh", d.Apply("Add", d.Apply("Mul", state, outside), d.Weight(0.3, x.Dims[1..]))));
        body.Input.Add(OnnxBuilder.Value(prefix + "round", ElementType.Int64, []));
        body.Input.Add(OnnxBuilder.Value(prefix + "go", ElementType.Bool, []));
        body.Input.Add(OnnxBuilder.Value(state.Name, type, x.Dims));
        body.Node.Add(new NodeProto { OpType = "Identity", Input = { prefix + "go" }, Output = { prefix + "on" } });
        body.Output.Insert(0, OnnxBuilder.Value(prefix + "on", ElementType.Bool, []));
        return d.Node("Loop", [rounds, always, x.Name], x.Dims, GraphDraft.Subgraph("body", body));
    }

    /// <summary>Moves what a block adds to the graph into one of its own; some of the weights stay outside.</summary>
    static GraphProto Inside(GraphDraft d, string name, Func<Activation> block)
    {
        int nodes = d.Graph.Node.Count, weights = d.Graph.Initializer.Count;
        int type = d.Half ? ElementType.Float16 : ElementType.Float;
        Activation made;
        using (d.Unshared()) made = block();
        var graph = new GraphProto { Name = $"{name}{nodes}" };
        while (d.Graph.Node.Count > nodes)
        {
            graph.Node.Add(d.Graph.Node[nodes]);
            d.Graph.Node.RemoveAt(nodes);
        }
        bool outside = d.Chance(0.4);
        d.Traits.Add(outside ? "subgraph that captures weights" : "subgraph with weights inside");
        while (!outside && d.Graph.Initializer.Count > weights)
        {
            graph.Initializer.Add(d.Graph.Initializer[weights]);
            d.Graph.Initializer.RemoveAt(weights);
        }
        graph.Output.Add(OnnxBuilder.Value(made.Name, type, made.Dims));
        return graph;
    }
}
