namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <summary>Blocks that move elements around, and work in a layout with channels last, over maps [1, C, H, W].</summary>
static class LayoutBlocks
{
    internal static Activation Any(GraphDraft d, Activation x) => d.Between(0, 8) switch
    {
        0 or 1 or 2 => ChannelsLast(d, x),
        3 => Focus(d, x),
        4 => Reordered(d, x),
        5 => Broadcast(d, x),
        6 => Turned(d, x),
        _ => Blocks(d, x),
    };

    /// <summary>Between two transposes: factors, offsets and dense layers that broadcast over channels at the end.</summary>
    internal static Activation ChannelsLast(GraphDraft d, Activation x)
    {
        d.Traits.Add("channels last");
        Activation y = d.Transpose(x, 0, 2, 3, 1);
        int c = x.Channels;
        for (int i = d.Between(1, 3); i > 0; i--)
        {
            y = d.Between(0, 4) switch
            {
                0 => d.Apply("Mul", y, d.Around(1, 0.3, c)),
                1 => d.Apply("Add", y, d.Weight(0.3, 1, x.Height, x.Width, c)),
                2 => d.Apply("Mul", y, d.Around(1, 0.3, x.Height, x.Width, c)),
                3 => Nonlinearities.Gelu(d, d.Dense(y, c, 1.4)),
                _ => Normalisations.Layer(d, y),
            };
        }
        return d.Transpose(y, 0, 3, 1, 2);
    }

    /// <summary>Every other pixel into channels, by four slices.</summary>
    static Activation Focus(GraphDraft d, Activation x)
    {
        if (d.Opset < 10 || x.Height % 2 != 0 || x.Width % 2 != 0 || x.Height < 4 || x.Width < 4 || x.Channels > 8) return Reordered(d, x);
        d.Traits.Add("focus");
        Activation Part(int row, int column) =>
            d.Slice(d.Slice(x, 2, row, x.Height, 2), 3, column, x.Width, 2);
        return d.Apply("Relu", MapBlocks.Even(d, d.Concat(1, Part(0, 0), Part(1, 0), Part(0, 1), Part(1, 1)), MapBlocks.Width(d), 1));
    }

    /// <summary>Channels in another order, a border cut off.</summary>
    static Activation Reordered(GraphDraft d, Activation x)
    {
        long[] order = [.. Enumerable.Range(0, x.Channels).Select(i => (long)i)];
        d.Random.Shuffle(order);
        Activation y = d.Gather(x, 1, order);
        if (x.Height < 6) return y;
        return d.Slice(y, 2, 1, x.Height - 1);
    }

    /// <summary>Weights in all the shapes that broadcast to a map.</summary>
    static Activation Broadcast(GraphDraft d, Activation x)
    {
        d.Traits.Add("broadcasts");
        (long c, long h, long w) = (x.Channels, x.Height, x.Width);
        for (int i = 0; i < 2; i++)
        {
            string weight = d.Between(0, 4) switch
            {
                0 => d.Around(1, 0.4, 1, 1, h, w),
                1 => d.Around(1, 0.4, h, w),
                2 => d.Around(1, 0.4, c, h, w),
                3 => d.Around(1, 0.4, c, 1, w),
                _ => d.Around(1, 0.4, 1),
            };
            x = d.Apply(d.Pick("Mul", "Add", "Sub", "Div", "Max"), x, weight);
        }
        return x;
    }

    /// <summary>Height and width exchanged around a convolution.</summary>
    static Activation Turned(GraphDraft d, Activation x)
    {
        Activation y = d.Apply("Relu", MapBlocks.Even(d, d.Transpose(x, 0, 1, 3, 2), x.Channels, 3));
        return d.Chance(0.7) ? d.Transpose(y, 0, 1, 3, 2) : y;
    }

    static Activation Blocks(GraphDraft d, Activation x)
    {
        if (x.Height % 2 == 0 && x.Width % 2 == 0 && x.Height >= 4 && x.Width >= 4 && x.Channels <= 8)
            return MapBlocks.Even(
                d, d.Node("SpaceToDepth", [x.Name], [1, 4 * x.Channels, x.Height / 2, x.Width / 2], GraphDraft.Int("blocksize", 2)),
                MapBlocks.Width(d), 1);
        if (x.Channels % 4 != 0 || x.Height > 6 || x.Width > 6) return ChannelsLast(d, x);
        var mode = d.Opset >= 11 ? new[] { GraphDraft.Int("blocksize", 2), GraphDraft.Text("mode", d.Pick("DCR", "CRD")) }
            : [GraphDraft.Int("blocksize", 2)];
        return d.Node("DepthToSpace", [x.Name], [1, x.Channels / 4, 2 * x.Height, 2 * x.Width], mode);
    }
}
