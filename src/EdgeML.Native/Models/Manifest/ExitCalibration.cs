namespace EdgeML.Native.Models.Manifest;

/// <summary>Every exit's output for a few hundred samples: the data for expected exit rates and accuracies.</summary>
public sealed class ExitCalibration
{
    /// <summary>Wraps measured values.</summary>
    /// <param name="exits">Exits per sample, the final one included.</param>
    /// <param name="entropies">Normalised entropy, sample by sample, exits of a sample side by side.</param>
    /// <param name="correct">Whether that exit was right (with labels) or agreed with the final exit (without); same order.</param>
    /// <param name="source">The data the samples come from, as it was given on the command line.</param>
    /// <param name="labelled">Whether <paramref name="correct"/> was judged by labels.</param>
    /// <exception cref="ArgumentException">Lengths that differ or are not a multiple of <paramref name="exits"/>.</exception>
    public ExitCalibration(int exits, float[] entropies, bool[] correct, string source, bool labelled)
    {
        if (exits < 1 || entropies.Length % exits != 0 || entropies.Length != correct.Length)
            throw new ArgumentException($"{entropies.Length} entropies and {correct.Length} verdicts do not make rows of {exits} exits");
        (Exits, Entropies, Correct, Source, Labelled) = (exits, entropies, correct, source, labelled);
    }

    /// <summary>Exits per sample, the final one included.</summary>
    public int Exits { get; }

    /// <summary>Number of samples.</summary>
    public int Samples => Entropies.Length / Exits;

    /// <summary>The data the samples come from.</summary>
    public string Source { get; }

    /// <summary>Whether labels judged the answers; otherwise agreement with the final exit did.</summary>
    public bool Labelled { get; }

    /// <summary>Its summary for controllers and reports.</summary>
    public CalibrationInfo Info => new(Samples, Source, Labelled);

    /// <summary>The rule that <see cref="Entropy"/> is of: the package's, which another rule does not fit.</summary>
    public ExitRule Rule { get; init; }

    /// <summary>Hash of the model the exits belong to; null where the file does not state it.</summary>
    internal string? Model { get; init; }

    /// <summary>Names of the exits, the final one last; null where the file does not state it.</summary>
    internal IReadOnlyList<string>? ExitNames { get; init; }

    internal float[] Entropies { get; }

    internal bool[] Correct { get; }

    /// <summary>The same samples, known to be of a model.</summary>
    internal ExitCalibration Of(ModelManifest manifest) => new(Exits, Entropies, Correct, Source, Labelled)
    {
        Rule = Rule,
        Model = manifest.Hash,
        ExitNames = [.. manifest.Exits.Select(exit => exit.Name)],
    };

    /// <summary>Whether it may be of this model, these exits and their rule: a file that names neither model nor exits is believed.</summary>
    internal bool IsOf(ModelManifest manifest) =>
        Exits == manifest.Exits.Count && Rule == manifest.ExitRule && (Model is null || Model == manifest.Hash)
        && (ExitNames is null || ExitNames.SequenceEqual(manifest.Exits.Select(exit => exit.Name)));

    /// <summary>Normalised entropy of a sample at an exit (1..<see cref="Exits"/>), or what <see cref="Rule"/> has in its place.</summary>
    public float Entropy(int sample, int exit) => Entropies[(sample * Exits) + exit - 1];

    /// <summary>Whether that exit's answer was right.</summary>
    public bool IsCorrect(int sample, int exit) => Correct[(sample * Exits) + exit - 1];

    /// <summary>Samples, source, exits, and kind of judgement.</summary>
    public override string ToString() => $"{Samples} samples of {Source}, {Exits} exits, {(Labelled ? "labels" : "agreement with the final exit")}";
}
