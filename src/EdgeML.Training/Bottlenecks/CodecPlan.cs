using EdgeML.Training.Data;
using EdgeML.Training.Evaluation;

namespace EdgeML.Training.Bottlenecks;

/// <summary>Which codecs are measured at which cuts.</summary>
/// <param name="Cuts">Below the local cut.</param>
/// <param name="Codecs">Of <see cref="CodecCurve.Codecs"/>.</param>
public sealed record CodecPlan(IReadOnlyList<int> Cuts, IReadOnlyList<string> Codecs)
{
    /// <summary>Samples that bottlenecks are fitted on, other ones than those measured; null without bottlenecks.</summary>
    public ImageSource? FitSource { get; init; }

    /// <summary>How many of them.</summary>
    public int FitSamples { get; init; } = 1000;

    /// <summary>Number of those samples at which the network's derivative is taken for its sensitivity.</summary>
    public int FitGradients { get; init; } = 250;

    /// <summary>How many are probed for it where the network has layers without a derivative here, and the next layer does not say
    /// it.</summary>
    public int FitProbes { get; init; } = 12;

    /// <summary>How many times smaller than int8 the bottlenecks' payloads are.</summary>
    public IReadOnlyList<int> Ratios { get; init; } = [4, 8, 16, 32];

    /// <summary>How often every fitted sample is seen in training after the fit; 0 leaves bottlenecks as they are fitted.</summary>
    public int TrainEpochs { get; init; }

    /// <summary>Progress of training: samples seen, of how many.</summary>
    public Action<int, int>? Trained { get; init; }

    /// <summary>How many samples are measured at a time, a thread each.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>The largest loss of a kept bottleneck, in 0..1.</summary>
    public double MaxLoss { get; init; } = 0.01;
}
