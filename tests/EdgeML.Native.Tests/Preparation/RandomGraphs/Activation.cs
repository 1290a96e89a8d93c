namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <summary>A tensor of a graph under construction and its full shape, batch included.</summary>
sealed record Activation(string Name, params long[] Dims)
{
    internal int Rank => Dims.Length;

    /// <summary>Of a map [1, C, H, W] or a sequence [1, C, L].</summary>
    internal int Channels => (int)Dims[1];

    internal int Height => (int)Dims[2];

    internal int Width => (int)Dims[^1];

    internal long Elements => Dims.Aggregate(1L, (product, dim) => product * dim);
}
