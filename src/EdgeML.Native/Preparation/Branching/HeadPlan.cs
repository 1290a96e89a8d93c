namespace EdgeML.Native.Preparation.Branching;

/// <summary>Place and head of a new exit: pooling, then fully-connected layers only.</summary>
/// <param name="AfterUnit">Index of the unit it follows.</param>
/// <param name="Tensor">Name of the tensor it reads.</param>
/// <param name="Pool">Rows and columns that are left of a picture's map; null where nothing is pooled over a plane.</param>
/// <param name="Sizes">Width of the features, of every hidden layer, and number of classes.</param>
sealed record HeadPlan(int AfterUnit, string Tensor, (int Rows, int Columns)? Pool, IReadOnlyList<int> Sizes)
{
    /// <summary>Values the first layer reads.</summary>
    internal int Features => Sizes[0];

    /// <summary>Multiply-accumulates of one input.</summary>
    internal long Macs => Sizes.Zip(Sizes.Skip(1), (from, to) => (long)from * to).Sum();

    public bool Equals(HeadPlan? other) =>
        other is not null && (AfterUnit, Tensor, Pool) == (other.AfterUnit, other.Tensor, other.Pool) && Sizes.SequenceEqual(other.Sizes);

    public override int GetHashCode() => HashCode.Combine(AfterUnit, Tensor, Pool, Sizes.Count);
}
