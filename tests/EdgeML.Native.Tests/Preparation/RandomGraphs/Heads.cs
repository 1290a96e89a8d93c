namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <summary>What ends a network or a side exit: from an activation to one score per class, [1, classes].</summary>
static class Heads
{
    internal static Activation OfMap(GraphDraft d, Activation x, int classes)
    {
        switch (d.Between(0, 5))
        {
            case 0 when x.Elements <= 600: return Scores(d, d.Flatten(x), classes);
            case 1 when x.Height > 1 || x.Width > 1:
                Activation maps = MapBlocks.Even(d, x, classes, 1);
                maps = d.Node("GlobalAveragePool", [maps.Name], [1, classes, 1, 1]);
                return d.Chance(0.5) ? d.Flatten(maps) : d.Squeeze(maps, 2, 3);
            case 2: return Scores(d, d.Reduce(d.Pick("ReduceMean", "ReduceMax", "ReduceL2"), x, keep: false, 2, 3), classes);
            case 3: return Scores(d, d.Flatten(d.Node("GlobalMaxPool", [x.Name], [1, x.Channels, 1, 1])), classes);
            default: return Scores(d, d.Flatten(d.Node("GlobalAveragePool", [x.Name], [1, x.Channels, 1, 1])), classes);
        }
    }

    internal static Activation OfTokens(GraphDraft d, Activation x, int classes)
    {
        if (d.Chance(0.4)) x = Normalisations.Layer(d, x);
        return d.Between(0, 3) switch
        {
            0 => Scores(d, d.GatherOne(x, 1, d.Chance(0.5) ? 0 : x.Dims[1] - 1), classes),
            1 when x.Elements <= 600 => Scores(d, d.Flatten(x), classes),
            2 => Scores(d, d.Squeeze(d.Slice(x, 1, 0, 1), 1), classes),
            _ => Scores(d, d.Reduce("ReduceMean", x, keep: false, 1), classes),
        };
    }

    static Activation Scores(GraphDraft d, Activation x, int classes)
    {
        if (d.Chance(0.35)) x = Nonlinearities.Any(d, d.Dense(x, 12, 1.4));
        if (d.Chance(0.15))
        {
            // Left in place by exporters; does nothing outside training.
            x = d.Opset < 12 ? d.Apply("Dropout", x, GraphDraft.Float("ratio", 0.3f)) : d.Node("Dropout", [x.Name, d.Scalar(0.3f)], x.Dims);
        }
        // Little in the offsets: a wrong answer must show.
        return d.Dense(x, classes, 2, offset: d.Chance(0.6));
    }
}
