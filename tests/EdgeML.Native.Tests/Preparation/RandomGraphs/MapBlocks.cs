namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <summary>Blocks of convolutional networks over maps [1, C, H, W].</summary>
static class MapBlocks
{
    internal static Activation Convolution(GraphDraft d, Activation x)
    {
        int groups = d.Chance(0.2) && x.Channels % 2 == 0 ? 2 : 1;
        int stride = x.Height >= 8 && x.Width >= 8 && d.Chance(0.25) ? 2 : 1;
        int dilation = x.Height > 6 && x.Width > 6 && d.Chance(0.15) ? 2 : 1;
        x = d.Conv(x, Width(d), d.Pick(1, 3, 3, 3, 5), stride, dilation, groups);
        if (d.Chance(0.4)) x = Normalisations.Batch(d, x);
        return Nonlinearities.Any(d, x);
    }

    internal static Activation Separable(GraphDraft d, Activation x)
    {
        bool wide = d.Chance(0.5);
        Activation y = wide ? d.Clip(d.Conv(x, 2 * x.Channels, 1), 0, 6) : x;
        y = d.Conv(y, y.Channels, 3, groups: y.Channels);
        if (d.Chance(0.5)) y = Normalisations.Batch(d, y);
        y = d.Conv(d.Clip(y, 0, 6), x.Channels, 1);
        return Same(x, y) && d.Chance(0.6) ? Sum(d, x, y) : Nonlinearities.Any(d, y);
    }

    internal static Activation Residual(GraphDraft d, Activation x)
    {
        d.Traits.Add("residual block");
        int to = d.Chance(0.6) ? x.Channels : Width(d);
        Activation y = Nonlinearities.Any(d, Normalised(d, d.Conv(x, to, 3)));
        if (!Same(x, y, channels: false)) return y;
        Activation z = Normalised(d, d.Conv(y, to, d.Pick(1, 3)));
        if (!Same(x, z, channels: false)) return d.Apply("Relu", z);
        Activation skip = to == x.Channels ? x : Normalised(d, d.Node(
            "Conv", [x.Name, d.Weight(1 / Math.Sqrt(x.Channels), to, x.Channels, 1, 1)], z.Dims, GraphDraft.Ints("kernel_shape", 1, 1)));
        return d.Chance(0.8) ? d.Apply("Relu", Sum(d, skip, z)) : Sum(d, skip, z);
    }

    internal static Activation SqueezeExcite(GraphDraft d, Activation x)
    {
        d.Traits.Add("squeeze and excite");
        int c = x.Channels, few = Math.Max(2, c / 4);
        Activation gate;
        if (d.Chance(0.5))
        {
            gate = d.Node("GlobalAveragePool", [x.Name], [1, c, 1, 1]);
            gate = d.Node("Conv", [gate.Name, d.Weight(1.2, few, c, 1, 1), d.Weight(0.2, few)], [1, few, 1, 1]);
            gate = d.Apply("Relu", gate);
            gate = d.Node("Conv", [gate.Name, d.Weight(1, c, few, 1, 1), d.Weight(0.2, c)], [1, c, 1, 1]);
        }
        else
        {
            gate = d.Reduce("ReduceMean", x, keep: false, 2, 3);
            gate = d.Dense(Nonlinearities.Any(d, d.Dense(gate, few, 2)), c, 2);
            gate = d.Chance(0.5) ? d.Unsqueeze(gate, 2, 3) : d.Reshape(gate, 1, c, 1, 1);
        }
        return d.Apply("Mul", x, d.Apply(d.Pick("Sigmoid", "HardSigmoid"), gate));
    }

    internal static Activation DenselyConnected(GraphDraft d, Activation x)
    {
        d.Traits.Add("densely connected block");
        for (int layer = 0; layer < 2; layer++)
        {
            Activation y = d.Apply("Relu", Normalisations.Batch(d, x));
            x = d.Concat(1, x, Even(d, y, 4, 3));
        }
        return Even(d, x, Width(d), 1);
    }

    internal static Activation Branches(GraphDraft d, Activation x)
    {
        d.Traits.Add("branches");
        Activation one = d.Apply("Relu", Even(d, x, 4, 1));
        Activation three = Nonlinearities.Any(d, Even(d, Even(d, x, 4, 1), 8, 3));
        Activation pooled = d.Node(
            d.Pick("MaxPool", "AveragePool"), [x.Name], x.Dims, GraphDraft.Ints("kernel_shape", 3, 3), GraphDraft.Ints("pads", 1, 1, 1, 1));
        return d.Concat(1, one, three, d.Apply("Relu", Even(d, pooled, 4, 1)));
    }

    /// <summary>Half of the channels goes through, then all are shuffled.</summary>
    internal static Activation Shuffle(GraphDraft d, Activation x)
    {
        if (x.Channels % 4 != 0) return Convolution(d, x);
        d.Traits.Add("channel shuffle");
        int half = x.Channels / 2;
        Activation[] parts = d.Chance(0.6) ? d.Split(x, 1, half, half) : [d.Slice(x, 1, 0, half), d.Slice(x, 1, half, x.Channels)];
        Activation worked = d.Apply("Relu", Even(d, parts[1], half, 3, groups: half));
        Activation joined = d.Concat(1, parts[0], worked);
        Activation pairs = d.Transpose(d.Reshape(joined, 1, 2, half, x.Height, x.Width), 0, 2, 1, 3, 4);
        return d.Reshape(pairs, x.Dims);
    }

    internal static Activation Upscale(GraphDraft d, Activation x)
    {
        if (x.Height > 6 || x.Width > 6) return Convolution(d, x);
        if (d.Chance(0.6)) return Nonlinearities.Any(d, d.ConvTranspose(x, Width(d), d.Chance(0.25) && x.Channels % 2 == 0 ? 2 : 1));
        return d.Apply("Relu", Even(d, d.Double(x), x.Channels, 3));
    }

    /// <summary>A convolution that keeps height and width.</summary>
    internal static Activation Even(GraphDraft d, Activation x, int to, int kernel, int groups = 1)
    {
        int pad = kernel / 2;
        string weight = d.Weight(Math.Sqrt(1.8 * groups / (x.Channels * kernel * kernel)), to, x.Channels / groups, kernel, kernel);
        return d.Node(
            "Conv", [x.Name, weight, d.Weight(0.1, to)], [1, to, x.Height, x.Width], GraphDraft.Ints("kernel_shape", kernel, kernel),
            GraphDraft.Ints("pads", pad, pad, pad, pad), GraphDraft.Int("group", groups));
    }

    /// <summary>Channels around those at which filters of 1x1 and 3x3 pass 1,024 bytes.</summary>
    internal static int Width(GraphDraft d) => d.Pick(4, 6, 8, 8, 12, 16, 16, 18, 20);

    static Activation Normalised(GraphDraft d, Activation x) => d.Chance(0.7) ? Normalisations.Batch(d, x) : x;

    static Activation Sum(GraphDraft d, Activation x, Activation y) => d.Node("Add", d.Chance(0.5) ? [x.Name, y.Name] : [y.Name, x.Name], y.Dims);

    static bool Same(Activation x, Activation y, bool channels = true) =>
        x.Height == y.Height && x.Width == y.Width && (!channels || x.Channels == y.Channels);
}
