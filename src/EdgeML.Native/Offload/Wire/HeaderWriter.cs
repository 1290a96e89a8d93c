using System.Buffers;
using System.Text;
using MessagePack;

namespace EdgeML.Native.Offload.Wire;

/// <summary>Writes a header: one map with small integer keys, every value in its shortest form.</summary>
/// <remarks>The library writes only to an <see cref="IBufferWriter{T}"/> and asks for more room than a value takes. So the header is made in a
/// buffer of the thread, one at a time, and copied to its place.</remarks>
ref struct HeaderWriter
{
    readonly Span<byte> _destination;
    readonly Buffer _buffer;
    MessagePackWriter _writer;

    /// <param name="destination">Memory for the header.</param>
    /// <param name="keys">How many follow.</param>
    public HeaderWriter(Span<byte> destination, int keys)
    {
        _destination = destination;
        _buffer = Buffer.OfThisThread();
        _writer = new MessagePackWriter(_buffer);
        _writer.WriteMapHeader(keys);
    }

    public void Write(int key, ulong value)
    {
        _writer.Write(key);
        _writer.Write(value);
    }

    public void Write(int key, int value)
    {
        _writer.Write(key);
        _writer.Write(value);
    }

    public void Write(int key, float value)
    {
        _writer.Write(key);
        _writer.Write(value);
    }

    public void Write(int key, scoped ReadOnlySpan<float> values)
    {
        _writer.Write(key);
        _writer.WriteArrayHeader(values.Length);
        foreach (float value in values) _writer.Write(value);
    }

    public void Write(int key, scoped ReadOnlySpan<char> text)
    {
        _writer.Write(key);
        int bytes = Encoding.UTF8.GetByteCount(text);
        _writer.WriteStringHeader(bytes);
        Encoding.UTF8.GetBytes(text, _writer.GetSpan(bytes));
        _writer.Advance(bytes);
    }

    /// <summary>Puts the header in its place.</summary>
    /// <returns>Its bytes.</returns>
    /// <exception cref="ArgumentException">The place is too short; nothing is written.</exception>
    public int Finish()
    {
        _writer.Flush();
        _buffer.Written.CopyTo(_destination);
        return _buffer.Written.Length;
    }

    sealed class Buffer : IBufferWriter<byte>
    {
        [ThreadStatic]
        static Buffer? t_ofThisThread;

        byte[] _bytes = new byte[1024];
        int _written;

        public static Buffer OfThisThread()
        {
            Buffer buffer = t_ofThisThread ??= new Buffer();
            buffer._written = 0;
            return buffer;
        }

        public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _written);

        public void Advance(int count) => _written += count;

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            Ensure(sizeHint);
            return _bytes.AsMemory(_written);
        }

        public Span<byte> GetSpan(int sizeHint = 0)
        {
            Ensure(sizeHint);
            return _bytes.AsSpan(_written);
        }

        void Ensure(int bytes)
        {
            int needed = _written + Math.Max(1, bytes);
            if (needed > _bytes.Length) Array.Resize(ref _bytes, Math.Max(needed, 2 * _bytes.Length));
        }
    }
}
