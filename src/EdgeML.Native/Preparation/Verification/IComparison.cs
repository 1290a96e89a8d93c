namespace EdgeML.Native.Preparation.Verification;

/// <summary>Whether what a package gives for some samples is what the model file gives.</summary>
interface IComparison
{
    /// <summary>Takes one sample.</summary>
    /// <param name="expected">From the file.</param>
    /// <param name="got">From the package.</param>
    void Add(float[] expected, float[] got);

    /// <summary>Whether all samples are as they should be; sets the other members.</summary>
    bool Holds();

    /// <summary>Largest difference, as a part of the largest number.</summary>
    double Worst { get; }

    /// <summary>Why it does not hold, where that is no single difference.</summary>
    string? Reason => null;
}
