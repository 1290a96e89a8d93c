namespace EdgeML.Cli.CommandLine;

/// <summary>A cut as given on a command line, before the model is known.</summary>
/// <param name="Units">Units run on the edge; -1 for <c>local</c>.</param>
readonly record struct CutChoice(int Units)
{
    /// <summary>Everything on the edge.</summary>
    public static CutChoice Local { get; } = new(-1);

    /// <summary>The cut of a model with <paramref name="localCut"/> units.</summary>
    /// <exception cref="ArgumentException">More units than the model has.</exception>
    public int Resolve(int localCut, string model)
    {
        if (Units > localCut) throw new ArgumentException($"cut {Units} is outside 0..{localCut} of model {model}");
        return Units < 0 ? localCut : Units;
    }
}
