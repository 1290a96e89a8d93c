namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <content>The families.</content>
sealed partial record RandomGraph
{
    const int FirstOpset = 9, LastOpset = 21;

    /// <summary>The graph of a seed. Ten seeds in a row hold every family; 13 in a row every operator set.</summary>
    /// <param name="seed">From 0.</param>
    /// <param name="attempt">Above 0 for another graph of the same family, where the first one says too little.</param>
    internal static RandomGraph Make(int seed, int attempt = 0)
    {
        int family = seed % 10, opset = FirstOpset + (seed % (LastOpset + 1 - FirstOpset));
        var d = new GraphDraft(seed + (attempt << 20), family < 8 ? opset : Math.Max(opset, 10));
        return family switch
        {
            8 => QdqNetwork.Make(seed, d),
            9 => QLinearNetwork.Make(seed, d),
            _ => seed % 100 == 27 ? Unusable(seed, d) : Layers(seed, d, family),
        };
    }

    static RandomGraph Layers(int seed, GraphDraft d, int family)
    {
        var outputs = new List<GraphOutput>();
        int classes = d.Between(3, 10), exits = d.Between(0, 2);
        string kind;
        if (family < 5)
        {
            kind = family == 4 ? "half precision map" : "map";
            Map(d, outputs, classes, exits, half: family == 4);
        }
        else if (family < 7)
        {
            kind = family == 6 ? "half precision patches" : "patches";
            Tokens(d, d.Input("image", 1, 3, d.Pick(6, 8, 10), 8), outputs, classes, exits, half: family == 6 && d.Chance(0.6));
        }
        else
        {
            kind = "sequence";
            Tokens(d, d.Input("signal", 1, d.Between(6, 20), d.Pick(8, 12, 17)), outputs, classes, exits, half: false);
        }
        return new RandomGraph(
            seed, kind, d.Builder.Model, Dims(d), outputs, d.Traits.Contains("half") ? Precision.Half : Precision.Single, d.Traits);
    }

    static void Map(GraphDraft d, List<GraphOutput> outputs, int classes, int exits, bool half)
    {
        Activation x = d.Input("image", 1, d.Pick(1, 3, 3, 4), d.Pick(8, 9, 10, 12), d.Pick(8, 10, 11, 12));
        int blocks = exits + d.Between(2, 6), from = half ? d.Between(0, 1) : -1, to = half ? from + d.Between(1, 2) : -1;
        for (int block = 0; block < blocks; block++)
        {
            if (block == from) x = ToHalf(d, x);
            x = MapBlock(d, x);
            // Deeper maps stay small enough for the tests' time.
            if (x.Elements > 2000) x = d.Node("MaxPool", [x.Name], [1, x.Channels, x.Height / 2, x.Width / 2],
                GraphDraft.Ints("kernel_shape", 2, 2), GraphDraft.Ints("strides", 2, 2));
            if (block == to) x = d.ToFloat(x);
            if (block >= 1 && outputs.Count < exits && d.Chance(0.6)) End(d, Heads.OfMap(d, x, classes), $"exit{outputs.Count + 1}", outputs);
        }
        if (d.Chance(0.2)) EndTokens(d, TokenBlocks.Any(d, TokenBlocks.Patches(d, x, 12)), classes, outputs);
        else End(d, Heads.OfMap(d, x, classes), "logits", outputs);
    }

    static Activation MapBlock(GraphDraft d, Activation x) => d.Between(0, 19) switch
    {
        0 or 1 or 2 => MapBlocks.Convolution(d, x),
        3 => MapBlocks.Separable(d, x),
        4 => MapBlocks.Residual(d, x),
        5 => MapBlocks.SqueezeExcite(d, MapBlocks.Convolution(d, x)),
        6 => MapBlocks.DenselyConnected(d, x),
        7 => MapBlocks.Branches(d, x),
        8 => MapBlocks.Shuffle(d, MapBlocks.Even(d, x, 8, 1)),
        9 => MapBlocks.Upscale(d, x),
        10 or 11 or 12 or 13 => PoolBlocks.Any(d, x),
        14 or 15 => Normalisations.OfMap(d, MapBlocks.Convolution(d, x)),
        16 or 17 or 18 => LayoutBlocks.Any(d, x),
        _ => SubgraphBlocks.Any(d, x, y => Nonlinearities.Any(d, MapBlocks.Even(d, y, y.Channels, 3))),
    };

    static void Tokens(GraphDraft d, Activation input, List<GraphOutput> outputs, int classes, int exits, bool half)
    {
        int width = d.Pick(8, 12, 16, 16, 17, 20);
        Activation x = input.Rank == 4 ? TokenBlocks.Patches(d, d.Chance(0.4) ? MapBlocks.Convolution(d, input) : input, width)
            : d.Chance(0.5) ? d.Dense(input, width) : input;
        if (half) x = ToHalf(d, x);
        int blocks = exits + d.Between(1, 3);
        for (int block = 0; block < blocks; block++)
        {
            x = TokenBlocks.Any(d, x);
            if (block == 1) x = d.ToFloat(x);
            if (outputs.Count < exits && d.Chance(0.6)) End(d, Heads.OfTokens(d, x, classes), $"exit{outputs.Count + 1}", outputs);
        }
        EndTokens(d, x, classes, outputs);
    }

    static void EndTokens(GraphDraft d, Activation x, int classes, List<GraphOutput> outputs) =>
        End(d, Heads.OfTokens(d, x, classes), "logits", outputs);

    static Activation ToHalf(GraphDraft d, Activation x)
    {
        d.Traits.Add("half");
        return d.ToHalf(x);
    }

    /// <summary>Makes scores an output, in a fifth of the graphs behind a softmax.</summary>
    static void End(GraphDraft d, Activation scores, string name, List<GraphOutput> outputs)
    {
        bool half = d.Half;
        if (half && d.Chance(0.8)) scores = d.ToFloat(scores);
        if (d.Random.Next(5) == 0)
        {
            Activation probabilities = d.Softmax(scores, d.Chance(0.8) ? "Softmax" : "LogSoftmax");
            d.Traits.Add("softmax at the end");
            d.Rename(probabilities, name);
            outputs.Add(new GraphOutput(name, scores.Name));
        }
        else
        {
            d.Rename(scores, name);
            outputs.Add(new GraphOutput(name, name));
        }
        d.Builder.Output(name);
        if (half && !d.Half) d.Resume();
    }

    /// <summary>A network whose shapes depend on the values of its input.</summary>
    static RandomGraph Unusable(int seed, GraphDraft d)
    {
        Activation x = d.Input("signal", 1, 24);
        string op = d.Pick("NonZero", "Compress");
        Activation y = d.Apply("Relu", x);
        if (op == "Compress")
        {
            string positive = d.Node("Greater", [y.Name, d.Scalar(0.1f)], [24]).Name;
            positive = d.Node("Reshape", [positive, d.Builder.Integers(24)], [24]).Name;
            y = d.Node("Compress", [y.Name, positive], [1, -1], GraphDraft.Int("axis", 1));
        }
        else
        {
            y = d.Apply("Cast", d.Transpose(d.Node("NonZero", [y.Name], [2, -1]), 1, 0), GraphDraft.Int("to", 1));
            y = d.Reduce("ReduceSum", y, keep: true, 0);
        }
        Activation mean = d.Reduce("ReduceMean", y, keep: true, 1);
        var outputs = new List<GraphOutput>();
        End(d, d.Dense(d.Apply("Mul", new Activation(x.Name, 1, 24), mean), 4), "logits", outputs);
        return new RandomGraph(seed, "shapes that depend on data", d.Builder.Model, Dims(d), outputs, Precision.Single, d.Traits, op);
    }

    static long[] Dims(GraphDraft d) =>
        [1, .. d.Graph.Input[0].Type.TensorType.Shape.Dim.Skip(1).Select(dim => dim.DimValue)];
}
