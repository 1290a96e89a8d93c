namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <summary>Blocks of transformers and recurrent networks over sequences [1, T, D].</summary>
static class TokenBlocks
{
    internal static Activation Any(GraphDraft d, Activation x) => d.Between(0, 10) switch
    {
        0 or 1 or 2 => Encoder(d, x),
        3 => Attention(d, x),
        4 => d.Apply("Add", x, Feedforward(d, x)),
        5 => Mixer(d, x),
        6 or 7 => d.Recurrent(x, d.Pick(6, 8, 12)),
        8 => Convolved(d, x),
        9 => Tied(d, x),
        _ => SubgraphBlocks.Any(d, x, y => Nonlinearities.Gelu(d, d.Dense(y, (int)y.Dims[2], 1.4))),
    };

    /// <summary>A map as patches, with a class token and positions as networks for pictures have them.</summary>
    internal static Activation Patches(GraphDraft d, Activation map, int width)
    {
        d.Traits.Add("patches");
        int patch = map.Height >= 8 && map.Width >= 8 ? 2 : 1;
        Activation cut = d.Node(
            "Conv", [map.Name, d.Weight(1 / Math.Sqrt(map.Channels * patch * patch), width, map.Channels, patch, patch), d.Weight(0.1, width)],
            [1, width, map.Height / patch, map.Width / patch], GraphDraft.Ints("kernel_shape", patch, patch), GraphDraft.Ints("strides", patch, patch));
        int tokens = cut.Height * cut.Width;
        Activation flat = d.Reshape(cut, 1, width, tokens);
        // Positions added before the transpose lie the other way round.
        if (d.Chance(0.25)) flat = d.Apply("Add", flat, d.Weight(0.4, 1, width, tokens));
        Activation x = d.Transpose(flat, 0, 2, 1);
        if (d.Chance(0.5)) x = d.Concat(1, new Activation(d.Weight(1, 1, 1, width), 1, 1, width), x);
        return d.Chance(0.8) ? d.Apply("Add", x, d.Weight(0.4, 1, x.Dims[1], width)) : x;
    }

    static Activation Encoder(GraphDraft d, Activation x)
    {
        d.Traits.Add("encoder block");
        bool before = d.Chance(0.7);
        x = d.Apply("Add", x, Attention(d, before ? Normalisations.Layer(d, x) : x));
        if (!before) x = Normalisations.Layer(d, x);
        x = d.Apply("Add", x, Feedforward(d, before ? Normalisations.Layer(d, x) : x));
        return before ? x : Normalisations.Layer(d, x);
    }

    static Activation Feedforward(GraphDraft d, Activation x)
    {
        int width = (int)x.Dims[2];
        return d.Dense(Nonlinearities.Gelu(d, d.Dense(x, 2 * width, 1.4)), width);
    }

    static Activation Attention(GraphDraft d, Activation x)
    {
        d.Traits.Add("attention");
        (int tokens, int width) = ((int)x.Dims[1], (int)x.Dims[2]);
        int heads = width % 4 == 0 ? d.Pick(1, 2, 4) : width % 2 == 0 ? 2 : 1, each = width / heads;
        Activation[] three = d.Chance(0.4)
            ? d.Split(d.Dense(x, 3 * width), 2, width, width, width)
            : [d.Dense(x, width), d.Dense(x, width, offset: d.Chance(0.7)), d.Dense(x, width)];
        Activation Heads(Activation t, params int[] order) => d.Transpose(d.Reshape(t, 1, tokens, heads, each), order);
        Activation query = Heads(three[0], 0, 2, 1, 3), value = Heads(three[2], 0, 2, 1, 3), scores;
        if (d.Opset >= 12 && d.Chance(0.25))
        {
            scores = d.Node(
                "Einsum", [query.Name, Heads(three[1], 0, 2, 1, 3).Name], [1, heads, tokens, tokens],
                GraphDraft.Text("equation", "bhqd,bhkd->bhqk"));
        }
        else
        {
            Activation key = d.Chance(0.6) ? Heads(three[1], 0, 2, 3, 1) : d.Transpose(Heads(three[1], 0, 2, 1, 3), 0, 1, 3, 2);
            scores = d.Node("MatMul", [query.Name, key.Name], [1, heads, tokens, tokens]);
        }
        float root = MathF.Sqrt(each);
        scores = d.Chance(0.5) ? d.Apply("Div", scores, d.Scalar(root)) : d.Apply("Mul", scores, d.Scalar(1 / root));
        if (d.Chance(0.35))
        {
            d.Traits.Add("attention mask");
            var mask = new float[tokens * tokens];
            for (int i = 0; i < mask.Length; i++)
                if (i % tokens > i / tokens) mask[i] = d.Half ? -1000 : -10000;
            scores = d.Apply("Add", scores, d.Store([tokens, tokens], mask));
        }
        Activation mixed = d.Node("MatMul", [d.Softmax(scores).Name, value.Name], [1, heads, tokens, each]);
        return d.Dense(d.Reshape(d.Transpose(mixed, 0, 2, 1, 3), 1, tokens, width), width);
    }

    /// <summary>Dense over the tokens instead of over what a token holds.</summary>
    static Activation Mixer(GraphDraft d, Activation x)
    {
        d.Traits.Add("token mixing");
        Activation y = d.Transpose(x, 0, 2, 1);
        y = Nonlinearities.Any(d, d.Dense(y, (int)x.Dims[1], 1.4));
        y = d.Transpose(y, 0, 2, 1);
        return d.Chance(0.7) ? d.Apply("Add", y, x) : y;
    }

    /// <summary>A convolution along the sequence, whose layout has the channels first.</summary>
    static Activation Convolved(GraphDraft d, Activation x)
    {
        d.Traits.Add("convolution over a sequence");
        Activation y = d.Transpose(x, 0, 2, 1);
        int groups = d.Chance(0.4) ? y.Channels : 1;
        y = d.Conv(y, y.Channels, 3, groups: groups);
        return d.Transpose(Nonlinearities.Any(d, y), 0, 2, 1);
    }

    /// <summary>The same matrix forwards and, behind a Transpose, backwards.</summary>
    static Activation Tied(GraphDraft d, Activation x)
    {
        d.Traits.Add("tied weights");
        int width = (int)x.Dims[2], wide = 2 * width;
        string matrix = d.Weight(1 / Math.Sqrt(width), width, wide);
        Activation y = d.Apply("Relu", d.Node("MatMul", [x.Name, matrix], [1, x.Dims[1], wide]));
        string back = d.Node("Transpose", [matrix], [wide, width], GraphDraft.Ints("perm", 1, 0)).Name;
        return d.Apply("Add", d.Node("MatMul", [y.Name, back], x.Dims), x);
    }
}
