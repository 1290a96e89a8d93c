using System.CommandLine;

namespace EdgeML.Cli.CommandLine;

/// <summary>The options that make up the policy of controller <c>fixed</c>.</summary>
sealed class PolicyOptions
{
    public Option<float[]?> Thresholds { get; } = new("--thresholds")
    {
        HelpName = "T,...",
        Description = "One per side exit, normalised entropy (or the value of the package's exit rule) in 0..1; 0 never exits.",
        CustomParser = Parse.Thresholds,
    };

    public Option<CutChoice?> Cut { get; } = new("--cut")
    {
        HelpName = "K|local",
        Description = "Units run on the edge: 0 sends the input, local sends nothing.",
        CustomParser = Parse.Cut,
    };

    public Option<int?> Standby { get; } = new("--standby")
    {
        HelpName = "K|off",
        Description = "With controller fixed: the side exit that the edge computes while a task is with the tail, and that answers at the "
            + "deadline if the tail has not. off: controllers use none.",
        CustomParser = Parse.Standby,
    };

    public IEnumerable<Option> All => [Thresholds, Cut, Standby];

    public PolicyChoice Read(ParseResult parsed) => new(
        // An option that takes an array is empty, not null, where it was not given.
        parsed.GetValue(Thresholds) is { Length: > 0 } thresholds ? thresholds : null, parsed.GetValue(Cut), parsed.GetValue(Standby));
}

/// <summary>A policy as given on a command line, before the model is known; null is not given.</summary>
/// <param name="Thresholds">One per side exit.</param>
/// <param name="Cut">Where the network is divided.</param>
/// <param name="Standby">A side exit, or 0 for none under any controller.</param>
sealed record PolicyChoice(float[]? Thresholds, CutChoice? Cut, int? Standby)
{
    /// <summary>Whether anything of it is left to controller <c>fixed</c> alone.</summary>
    public bool IsFixed => Thresholds is not null || Cut is not null || Standby > 0;

    /// <summary>Whether controllers may choose a standby exit.</summary>
    public bool AllowStandby => Standby != 0;
}

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
