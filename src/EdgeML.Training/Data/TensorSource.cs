using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace EdgeML.Training.Data;

/// <summary>Samples one after another in a file: raw little-endian float32, or a NumPy array of float32, float64, float16 or uint8 in C order.
/// Bytes are pixels in the network's own layout, floats its elements.</summary>
public sealed class TensorSource : ImageSource
{
    readonly RecordFile _records;
    readonly string _type;
    readonly int[]? _labels;
    readonly byte[] _buffer;

    /// <summary>Opens a file.</summary>
    /// <param name="path">Of N samples; a name that ends in <c>.npy</c> is a NumPy array.</param>
    /// <param name="shape">Of one sample.</param>
    /// <param name="labels">A file of N labels: <c>.npy</c>, text with one per line, or raw uint8, int32 or int64; null for none.</param>
    /// <param name="classNames">Names that labels in text may use; null for none.</param>
    /// <exception cref="FileNotFoundException">Nothing is there.</exception>
    /// <exception cref="InvalidDataException">The length is not a multiple of a sample's, the array has another shape or type, or there
    /// are not as many labels as samples.</exception>
    public TensorSource(string path, IReadOnlyList<int> shape, string? labels = null, IReadOnlyList<string>? classNames = null)
    {
        if (!File.Exists(path)) throw new FileNotFoundException($"{path} does not exist");
        Shape = shape;
        (_type, int header, int width, long declared) = ("f4", 0, sizeof(float), -1);
        if (NpyFile.IsOne(path)) (_type, header, width, declared) = Array(path, shape, Elements);
        _records = new RecordFile([path], checked(Elements * width), header);
        try
        {
            _buffer = _type is "f4" or "u1" ? [] : new byte[Elements * width];
            if (declared >= 0 && declared != _records.Count)
                throw new InvalidDataException($"{path} holds {_records.Count} samples, its header says {declared}");
            if (labels is not null) _labels = LabelFile.Read(labels, _records.Count, classNames ?? []);
        }
        catch
        {
            _records.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<int> Shape { get; }

    /// <inheritdoc/>
    public override long? Count => _records.Count;

    /// <inheritdoc/>
    public override bool HasBytes => _type == "u1";

    /// <inheritdoc/>
    public override bool HasLabels => _labels is not null;

    /// <inheritdoc/>
    protected override int ReadBytes(long index, Span<byte> input)
    {
        _records.Read(index, 0, input);
        return Label(index);
    }

    /// <inheritdoc/>
    protected override int ReadFloats(long index, Span<float> tensor)
    {
        if (_type == "f4")
        {
            _records.Read(index, 0, MemoryMarshal.AsBytes(tensor));
            if (!BitConverter.IsLittleEndian)
            {
                Span<int> words = MemoryMarshal.Cast<float, int>(tensor);
                BinaryPrimitives.ReverseEndianness(words, words);
            }
            return Label(index);
        }
        _records.Read(index, 0, _buffer);
        for (int i = 0; i < tensor.Length; i++)
            tensor[i] = _type == "f8"
                ? (float)BinaryPrimitives.ReadDoubleLittleEndian(_buffer.AsSpan(8 * i))
                : (float)BinaryPrimitives.ReadHalfLittleEndian(_buffer.AsSpan(2 * i));
        return Label(index);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _records.Dispose();
        base.Dispose(disposing);
    }

    int Label(long index) => _labels is null ? NoLabel : _labels[index];

    static (string Type, int Header, int Width, long Samples) Array(string path, IReadOnlyList<int> shape, int elements)
    {
        NpyFile array = NpyFile.Read(path);
        int width = array.Type switch { "f4" => 4, "f8" => 8, "f2" => 2, "u1" => 1, _ => 0 };
        string wanted = $"the network's input is {string.Join('x', shape)}";
        if (width == 0) throw new InvalidDataException($"{path} holds {array.Type}; f4, f8, f2 and u1 are read");
        bool samples = array.Shape.Length > 1 && (array.Shape[1..].SequenceEqual(shape) || array.Shape is [_, var flat] && flat == elements);
        if (!samples && !array.Shape.SequenceEqual(shape))
            throw new InvalidDataException($"{path} has the shape {array.ShapeText}, {wanted}: N x {string.Join('x', shape)} is expected");
        return (array.Type, array.DataOffset, width, samples ? array.Shape[0] : 1);
    }
}
