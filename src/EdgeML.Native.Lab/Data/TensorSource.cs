using System.Runtime.InteropServices;

namespace EdgeML.Native.Lab.Data;

/// <summary>Raw little-endian float32 samples, one after another, without labels.</summary>
public sealed class TensorSource : ImageSource
{
    readonly RecordFile _records;

    /// <summary>Opens a file.</summary>
    /// <param name="path">Of N samples.</param>
    /// <param name="shape">Of one sample.</param>
    /// <exception cref="FileNotFoundException">Nothing is there.</exception>
    /// <exception cref="InvalidDataException">The length is not a multiple of a sample's.</exception>
    public TensorSource(string path, IReadOnlyList<int> shape)
    {
        if (!File.Exists(path)) throw new FileNotFoundException($"{path} does not exist");
        Shape = shape;
        _records = new RecordFile([path], checked(Elements * sizeof(float)));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<int> Shape { get; }

    /// <inheritdoc/>
    public override long? Count => _records.Count;

    /// <inheritdoc/>
    public override bool HasBytes => false;

    /// <inheritdoc/>
    public override bool HasLabels => false;

    /// <inheritdoc/>
    protected override int ReadBytes(long index, Span<byte> planes) => throw new NotSupportedException($"{Spec} holds floats, not bytes");

    /// <inheritdoc/>
    protected override int ReadFloats(long index, Span<float> tensor)
    {
        _records.Read(index, 0, MemoryMarshal.AsBytes(tensor));
        if (!BitConverter.IsLittleEndian)
        {
            Span<int> words = MemoryMarshal.Cast<float, int>(tensor);
            System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(words, words);
        }
        return NoLabel;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _records.Dispose();
        base.Dispose(disposing);
    }
}
