namespace EdgeML.Training.Evaluation;

/// <summary>What one threshold, used at every side exit, makes of a set of samples.</summary>
/// <param name="Threshold">Normalised entropy below which an exit is taken.</param>
/// <param name="Accuracy">Share of right answers, 0..1; agreement with the final exit where the samples have no labels.</param>
/// <param name="MeanMacs">Multiply-accumulates of a sample on average, tried heads included.</param>
/// <param name="Shares">Share of the samples that leave at each exit, the final one last.</param>
public sealed record ExitCurveRow(double Threshold, double Accuracy, double MeanMacs, IReadOnlyList<double> Shares);
