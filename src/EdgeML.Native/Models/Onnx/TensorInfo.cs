namespace EdgeML.Native.Models.Onnx;

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

    /// <summary>A leading 1 is the batch; a tensor without one (batch folded away by a reshape) keeps its shape.</summary>
    internal IEnumerable<long> DimsWithoutBatch => Dims is [1, ..] ? Dims.Skip(1) : Dims;

    /// <summary>The same of a tensor that an engine has made, whose dimensions are no larger than an int.</summary>
    internal int[] WithoutBatch() => [.. DimsWithoutBatch.Select(d => checked((int)d))];

    /// <summary>As a graph declares it.</summary>
    internal ValueInfoProto Describe(string name)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        var tensor = new TypeProto.Types.Tensor { ElemType = Type, Shape = shape };
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    public override string ToString() => $"{ElementType.Name(Type)} {Shape(Dims)}";

    internal static string Shape(IEnumerable<long> dims) => string.Join('x', dims) is { Length: > 0 } text ? text : "scalar";
}
