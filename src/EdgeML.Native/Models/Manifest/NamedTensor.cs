using System.Text.Json.Serialization;

namespace EdgeML.Native.Models.Manifest;

/// <summary>An input or output of a network, and its place in the row of float32 in which inputs enter and outputs leave.</summary>
/// <remarks>Floating-point numbers and integers of up to 16 bits are one float each, with the same value. Wider integers are parts of
/// <see cref="PartBits"/> bits, which a float holds exactly: the lowest part of all elements, then the next one.</remarks>
/// <param name="Name">In the model file.</param>
/// <param name="Shape">As in the file, the batch dimension of 1 included; empty for a scalar.</param>
/// <param name="Type">In the file, as ONNX names it in lower case: <c>float32</c>, <c>float16</c>, <c>bfloat16</c>, <c>bool</c>, <c>int8</c>,
/// <c>uint8</c>, <c>int16</c>, <c>uint16</c>, <c>int32</c>, <c>uint32</c>, <c>int64</c>. Elements are read and written as float or long.</param>
/// <param name="Offset">Where it begins in the row, in floats.</param>
public sealed record NamedTensor(string Name, IReadOnlyList<int> Shape, string Type, int Offset)
{
    /// <summary>Bits of each part of a wide integer but the highest, which also has the sign.</summary>
    public const int PartBits = 22;

    const long Part = 1L << PartBits;

    /// <summary>Number of elements.</summary>
    [JsonIgnore]
    public int Elements
    {
        get
        {
            // Called per task: no enumerator.
            int product = 1;
            for (int i = 0; i < Shape.Count; i++) product = checked(product * Shape[i]);
            return product;
        }
    }

    /// <summary>Floats it takes in the row.</summary>
    [JsonIgnore]
    public int RowElements => checked(Elements * PartsOf(Type));

    /// <summary>Whether elements are integers or truth values, which are read by <see cref="CopyTo"/>.</summary>
    [JsonIgnore]
    public bool IsInteger => RangeOf(Type).Lowest < 0 || RangeOf(Type).Highest > 0;

    /// <summary>Floats per element of a type; 0 for one that no row holds.</summary>
    internal static int PartsOf(string type) => type switch
    {
        "float32" or "float16" or "bfloat16" or "bool" or "int8" or "uint8" or "int16" or "uint16" => 1,
        "int32" or "uint32" => 2,
        "int64" => 3,
        _ => 0,
    };

    static (long Lowest, long Highest) RangeOf(string type) => type switch
    {
        "bool" => (0, 1),
        "int8" => (sbyte.MinValue, sbyte.MaxValue),
        "uint8" => (0, byte.MaxValue),
        "int16" => (short.MinValue, short.MaxValue),
        "uint16" => (0, ushort.MaxValue),
        "int32" => (int.MinValue, int.MaxValue),
        "uint32" => (0, uint.MaxValue),
        "int64" => (long.MinValue, long.MaxValue),
        _ => (0, 0),
    };

    /// <summary>Its floats in a row, without a copy.</summary>
    /// <param name="row">Of all inputs, or of all outputs.</param>
    /// <exception cref="InvalidOperationException">Integers of more than 16 bits, which <see cref="CopyTo"/> puts together.</exception>
    /// <exception cref="ArgumentException">The row is too short.</exception>
    public ReadOnlySpan<float> In(ReadOnlySpan<float> row)
    {
        if (PartsOf(Type) > 1) throw new InvalidOperationException($"'{Name}' is {Type}: its elements are read as integers, not as floats");
        return row[Slice(row.Length)];
    }

    /// <summary>Its floats in a row, to be written.</summary>
    /// <inheritdoc cref="In(ReadOnlySpan{float})"/>
    public Span<float> In(Span<float> row)
    {
        if (PartsOf(Type) > 1) throw new InvalidOperationException($"'{Name}' is {Type}: its elements are written as integers, not as floats");
        return row[Slice(row.Length)];
    }

    /// <summary>Copies its elements out of a row, as integers.</summary>
    /// <param name="row">Of all inputs, or of all outputs.</param>
    /// <param name="elements">As many as <see cref="Elements"/>.</param>
    /// <exception cref="InvalidOperationException">The elements are no integers.</exception>
    /// <exception cref="ArgumentException">Another number of elements, or a row that is too short.</exception>
    public void CopyTo(ReadOnlySpan<float> row, Span<long> elements)
    {
        RequireIntegers();
        RequireElements(elements.Length);
        ReadOnlySpan<float> own = row[Slice(row.Length)];
        int parts = PartsOf(Type), count = elements.Length;
        for (int i = 0; i < count; i++)
        {
            long value = 0;
            for (int part = parts - 1; part >= 0; part--) value = unchecked((value * Part) + (long)own[(part * count) + i]);
            elements[i] = value;
        }
    }

    /// <summary>Writes integers into a row.</summary>
    /// <param name="elements">As many as <see cref="Elements"/>.</param>
    /// <param name="row">Of all inputs, or of all outputs.</param>
    /// <exception cref="InvalidOperationException">The elements are no integers.</exception>
    /// <exception cref="ArgumentException">Another number of elements, one outside of the type's range, or a row that is too short.</exception>
    public void Write(ReadOnlySpan<long> elements, Span<float> row)
    {
        RequireIntegers();
        RequireElements(elements.Length);
        Span<float> own = row[Slice(row.Length)];
        (long lowest, long highest) = RangeOf(Type);
        int parts = PartsOf(Type), count = elements.Length;
        for (int i = 0; i < count; i++)
        {
            long value = elements[i];
            if (value < lowest || value > highest)
                throw new ArgumentException($"element {i} of '{Name}' is {value}, {Type} holds {lowest}..{highest}", nameof(elements));
            for (int part = 0; part < parts - 1; part++, value /= Part) own[(part * count) + i] = value % Part;
            own[((parts - 1) * count) + i] = value;
        }
    }

    /// <summary>Writes floating-point numbers into a row.</summary>
    /// <param name="elements">As many as <see cref="Elements"/>.</param>
    /// <param name="row">Of all inputs, or of all outputs.</param>
    /// <exception cref="InvalidOperationException">The elements are integers.</exception>
    /// <exception cref="ArgumentException">Another number of elements, or a row that is too short.</exception>
    public void Write(ReadOnlySpan<float> elements, Span<float> row)
    {
        if (IsInteger) throw new InvalidOperationException($"'{Name}' is {Type}: its elements are integers");
        RequireElements(elements.Length);
        elements.CopyTo(row[Slice(row.Length)]);
    }

    /// <summary>Whether two describe the same tensor in the same place.</summary>
    public bool Equals(NamedTensor? other) =>
        other is not null && Name == other.Name && Type == other.Type && Offset == other.Offset && Shape.SequenceEqual(other.Shape);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Type, Offset, Shape.Count);

    /// <summary>Name, type and shape.</summary>
    public override string ToString() => $"{Name} {Type} {(Shape.Count == 0 ? "scalar" : string.Join('x', Shape))}";

    /// <summary>Floats of the row that some tensors lie in.</summary>
    internal static int RowOf(IReadOnlyList<NamedTensor> tensors) => tensors[^1].Offset + tensors[^1].RowElements;

    /// <summary>Whether inputs may come as bytes, one per element.</summary>
    internal static bool TakeBytes(IReadOnlyList<NamedTensor>? inputs) =>
        inputs is null || (inputs.Count == 1 && inputs[0].Type is "uint8" or "float16");

    Range Slice(int row)
    {
        int end = Offset + RowElements;
        return row >= end ? Offset..end : throw new ArgumentException($"a row of {row} floats, '{Name}' is {Offset}..{end - 1}");
    }

    void RequireIntegers()
    {
        if (!IsInteger) throw new InvalidOperationException($"'{Name}' is {Type}: its elements are floats, not integers");
    }

    void RequireElements(int count)
    {
        if (count != Elements) throw new ArgumentException($"{count} elements, '{Name}' has {Elements}");
    }
}
