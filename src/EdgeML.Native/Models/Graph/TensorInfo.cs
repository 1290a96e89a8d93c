namespace EdgeML.Native.Models.Graph;

/// <summary>Element type and full shape (batch included) of one tensor.</summary>
readonly record struct TensorInfo(int Type, long[] Dims)
{
    /// <summary>Number of elements; saturates instead of overflowing.</summary>
    internal long Elements => Count(Dims);

    internal static long Count(IEnumerable<long> dims)
    {
        Int128 product = 1;
        foreach (long dim in dims)
        {
            product *= Math.Max(dim, 0);
            if (product > long.MaxValue) return long.MaxValue;
        }
        return (long)product;
    }

    public override string ToString() => $"{ElementType.Name(Type)} {Shape(Dims)}";

    internal static string Shape(IEnumerable<long> dims) => string.Join('x', dims) is { Length: > 0 } text ? text : "scalar";
}
