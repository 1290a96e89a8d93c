namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <summary>Normalisations of maps and of sequences, as single operators and written out.</summary>
static class Normalisations
{
    /// <summary>Of a map [1, C, H, W].</summary>
    internal static Activation OfMap(GraphDraft d, Activation x) => d.Between(0, 9) switch
    {
        0 or 1 => Batch(d, x),
        2 or 3 => Instance(d, x),
        4 => Group(d, x),
        5 => Channels(d, x),
        6 => d.Apply("LRN", x, GraphDraft.Int("size", d.Pick(3, 5)), GraphDraft.Float("alpha", 0.05f)),
        7 when !d.Half => d.Apply("MeanVarianceNormalization", x, GraphDraft.Ints("axes", d.Chance(0.5) ? [0, 2, 3] : [0, 1, 2, 3])),
        8 => d.Apply("Mul", d.Apply("LpNormalization", x, GraphDraft.Int("axis", 1)), d.Scalar(2)),
        _ => Affine(d, x),
    };

    internal static Activation Batch(GraphDraft d, Activation x)
    {
        long c = x.Channels;
        string[] inputs = [x.Name, d.Around(1.2, 0.4, c), d.Weight(0.2, c), d.Weight(0.2, c), d.Around(1, 0.4, c)];
        return d.Node("BatchNormalization", inputs, x.Dims, GraphDraft.Float("epsilon", d.Pick(1e-5f, 1e-3f)));
    }

    /// <summary>Over the last axis.</summary>
    internal static Activation Layer(GraphDraft d, Activation x)
    {
        d.Traits.Add("layer normalisation");
        long width = x.Dims[^1];
        int last = x.Rank - 1;
        string scale = d.Around(1, 0.3, width), offset = d.Weight(0.1, width);
        if (d.Opset >= 17 && d.Chance(0.6))
            return d.Node("LayerNormalization", [x.Name, scale, offset], x.Dims, GraphDraft.Int("axis", d.Chance(0.5) ? -1 : last));
        Activation apart = d.Apply("Sub", x, d.Reduce("ReduceMean", x, keep: true, last));
        Activation squares = d.Chance(0.6) ? d.Apply("Pow", apart, d.Scalar(2)) : d.Apply("Mul", apart, apart);
        Activation variance = d.Reduce("ReduceMean", squares, keep: true, last);
        Activation deviation = d.Apply("Sqrt", d.Apply("Add", variance, d.Scalar(1e-5f)));
        Activation normal = d.Apply("Div", apart, deviation);
        return d.Apply("Add", d.Apply("Mul", normal, scale), offset);
    }

    static Activation Instance(GraphDraft d, Activation x) =>
        d.Node("InstanceNormalization", [x.Name, d.Around(1, 0.3, x.Channels), d.Weight(0.1, x.Channels)], x.Dims);

    static Activation Group(GraphDraft d, Activation x)
    {
        d.Traits.Add("group normalisation");
        int groups = x.Channels % 4 == 0 ? d.Pick(2, 4) : x.Channels % 2 == 0 ? 2 : 1;
        if (d.Opset >= 21 && d.Chance(0.6))
        {
            string[] inputs = [x.Name, d.Around(1, 0.3, x.Channels), d.Weight(0.1, x.Channels)];
            return d.Node("GroupNormalization", inputs, x.Dims, GraphDraft.Int("num_groups", groups));
        }
        Activation grouped = d.Reshape(x, 1, groups, x.Elements / groups);
        string ones = d.Store([groups], [.. Enumerable.Repeat(1f, groups)]), zeros = d.Store([groups], new float[groups]);
        grouped = d.Node("InstanceNormalization", [grouped.Name, ones, zeros], grouped.Dims);
        return Affine(d, d.Reshape(grouped, x.Dims));
    }

    /// <summary>Layer normalisation over the channels, which lie last for it and first again afterwards.</summary>
    static Activation Channels(GraphDraft d, Activation x) =>
        d.Transpose(Layer(d, d.Transpose(x, 0, 2, 3, 1)), 0, 3, 1, 2);

    static Activation Affine(GraphDraft d, Activation x)
    {
        d.Traits.Add("factor and offset per channel");
        Activation scaled = d.Apply("Mul", x, d.PerChannel(1, 0.3, x.Channels, x.Rank));
        return d.Apply(d.Pick("Add", "Sub"), scaled, d.PerChannel(0, 0.2, x.Channels, x.Rank));
    }
}
