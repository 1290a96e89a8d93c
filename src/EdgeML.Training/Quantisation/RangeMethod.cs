namespace EdgeML.Training.Quantisation;

/// <summary>How the range of a tensor follows from the values that were observed.</summary>
enum RangeMethod
{
    /// <summary>Everything that was observed.</summary>
    MinMax,

    /// <summary>All but the outermost of the values, one in twenty thousand on either side.</summary>
    Percentile,

    /// <summary>The range with the least mean squared error of all values.</summary>
    Mse,
}
