using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace EdgeML.Native.Imaging;

/// <summary>The inner loops of <see cref="FrameFitter"/>, on rows of 8-bit pixels. Sums are whole numbers, so every processor gives the same
/// bytes.</summary>
static unsafe class FrameRows
{
    const int Half = 1 << (ResizeTaps.Bits - 1);

    /// <summary>Resizes a row of single bytes.</summary>
    internal static void MixGray(ReadOnlySpan<byte> row, ResizeTaps taps, Span<byte> to)
    {
        for (int x = 0; x < taps.Outputs; x++)
        {
            ReadOnlySpan<int> weights = taps.Weights(x);
            ReadOnlySpan<byte> from = row.Slice(taps.First(x), weights.Length);
            int sum = Half;
            for (int i = 0; i < weights.Length; i++) sum += from[i] * weights[i];
            to[x] = (byte)Math.Min(sum >> ResizeTaps.Bits, 255);
        }
    }

    /// <summary>Resizes a row of 3 or 4 bytes per pixel into one of 4.</summary>
    internal static void MixPixels(ReadOnlySpan<byte> row, int step, ResizeTaps taps, Span<byte> to)
    {
        int last = (row.Length / step) - 1;
        Span<uint> pixels = MemoryMarshal.Cast<byte, uint>(to);
        fixed (byte* begin = row)
        {
            for (int x = 0; x < taps.Outputs; x++)
            {
                ReadOnlySpan<int> weights = taps.Weights(x);
                int first = taps.First(x);
                byte* from = begin + (first * step);
                // Four bytes are read at a time; after the last pixel of three there may be no fourth.
                int whole = step == 4 ? weights.Length : Math.Min(weights.Length, last - first);
                Vector128<int> sum = Vector128.Create(Half);
                int i = 0;
                for (; i < whole; i++, from += step) sum += Widened(Unsafe.ReadUnaligned<uint>(from)) * Vector128.Create(weights[i]);
                if (i < weights.Length) sum += Widened(from[0] | (uint)from[1] << 8 | (uint)from[2] << 16) * Vector128.Create(weights[i]);
                pixels[x] = Packed(sum);
            }
        }
    }

    /// <summary>Adds up rows by weight.</summary>
    /// <param name="rows">The first row, the others after it.</param>
    /// <param name="width">Bytes of a row.</param>
    /// <param name="weights">One per row.</param>
    /// <param name="to">One row.</param>
    internal static void MixRows(ReadOnlySpan<byte> rows, int width, ReadOnlySpan<int> weights, Span<byte> to)
    {
        int x = 0;
        fixed (byte* begin = rows, target = to)
        {
            for (; x + 16 <= width; x += 16)
            {
                Vector128<int> a = Vector128.Create(Half), b = a, c = a, d = a;
                byte* from = begin + x;
                for (int i = 0; i < weights.Length; i++, from += width)
                {
                    Vector128<byte> pixels = Vector128.Load(from);
                    (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(pixels);
                    Vector128<int> weight = Vector128.Create(weights[i]);
                    a += Vector128.WidenLower(low).AsInt32() * weight;
                    b += Vector128.WidenUpper(low).AsInt32() * weight;
                    c += Vector128.WidenLower(high).AsInt32() * weight;
                    d += Vector128.WidenUpper(high).AsInt32() * weight;
                }
                Vector128.Narrow(Vector128.Narrow(Level(a), Level(b)), Vector128.Narrow(Level(c), Level(d))).Store(target + x);
            }
        }
        for (; x < width; x++)
        {
            int sum = Half;
            for (int i = 0; i < weights.Length; i++) sum += rows[(i * width) + x] * weights[i];
            to[x] = (byte)Math.Min(sum >> ResizeTaps.Bits, 255);
        }
    }

    /// <summary>Three bytes per pixel to four.</summary>
    internal static void Widen(ReadOnlySpan<byte> row, Span<byte> to)
    {
        for (int i = 0, j = 0; i < row.Length; i += 3, j += 4) (to[j], to[j + 1], to[j + 2]) = (row[i], row[i + 1], row[i + 2]);
    }

    /// <summary>Luma of colours, in 16-bit fixed point.</summary>
    internal static void ToLuma(ReadOnlySpan<byte> row, int step, bool blueFirst, Span<byte> to)
    {
        (int red, int blue) = blueFirst ? (2, 0) : (0, 2);
        for (int x = 0, i = 0; x < to.Length; x++, i += step) to[x] = Luma(row[i + red], row[i + 1], row[i + blue]);
    }

    /// <summary>Pixels of 1, 3 or 4 bytes to 4, colours (or luma three times) multiplied by alpha where asked for.</summary>
    internal static void Premultiply(ReadOnlySpan<byte> row, int step, bool gray, bool blueFirst, bool multiplies, Span<byte> to)
    {
        (int red, int blue) = blueFirst ? (2, 0) : (0, 2);
        for (int i = 0, j = 0; j < to.Length; i += step, j += 4)
        {
            int alpha = step == 4 ? row[i + 3] : 255;
            (byte first, byte second, byte third) = step == 1 ? (row[i], row[i], row[i]) : (row[i], row[i + 1], row[i + 2]);
            if (gray && step > 1) first = second = third = Luma(row[i + red], row[i + 1], row[i + blue]);
            to[j + 3] = (byte)alpha;
            if (!multiplies) alpha = 255;
            (to[j], to[j + 1], to[j + 2]) = (Times(first, alpha), Times(second, alpha), Times(third, alpha));
        }
    }

    /// <summary>Divides colours by alpha.</summary>
    internal static void Unpremultiply(ReadOnlySpan<byte> row, Span<byte> to)
    {
        for (int i = 0; i < row.Length; i += 4)
        {
            int alpha = row[i + 3];
            for (int c = 0; c < 3; c++)
                to[i + c] = alpha is 0 or 255 ? row[i + c] : (byte)Math.Min(255 * row[i + c] / alpha, 255);
            to[i + 3] = (byte)alpha;
        }
    }

    /// <summary>Copies one byte of every pixel.</summary>
    internal static void Scatter(ReadOnlySpan<byte> from, int fromStep, Span<byte> to, int toStep, int count)
    {
        // Both ends are checked here, once.
        _ = from[(count - 1) * fromStep];
        _ = to[(count - 1) * toStep];
        fixed (byte* source = from, target = to)
        {
            byte* read = source, write = target;
            for (int x = 0; x < count; x++, read += fromStep, write += toStep) *write = *read;
        }
    }

    static byte Luma(int red, int green, int blue) => (byte)(((red * 19595) + (green * 38470) + (blue * 7471) + 0x8000) >> 16);

    static byte Times(int value, int alpha)
    {
        int product = (value * alpha) + 128;
        return (byte)(((product >> 8) + product) >> 8);
    }

    static Vector128<int> Widened(uint pixel) =>
        Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(pixel).AsByte())).AsInt32();

    static Vector128<uint> Level(Vector128<int> sum) =>
        Vector128.Min(Vector128.ShiftRightArithmetic(sum, ResizeTaps.Bits), Vector128.Create(255)).AsUInt32();

    static uint Packed(Vector128<int> sum)
    {
        Vector128<ushort> wide = Vector128.Narrow(Level(sum), Vector128<uint>.Zero);
        return Vector128.Narrow(wide, Vector128<ushort>.Zero).AsUInt32().ToScalar();
    }
}
