using EdgeML.Native.Models.Manifest;

namespace EdgeML.Training.Data;

/// <summary>Draws the pictures of the data set "shapes": one of ten outlines at a random place, size, turn and colour on a textured
/// background, degraded by a difficulty.</summary>
/// <remarks>
/// A picture is a function of (seed, index, difficulty, size) alone, bit for bit, on every machine. An instance holds scratch
/// memory: one thread at a time. Drawing allocates nothing.
/// </remarks>
public sealed class ShapesRenderer
{
    /// <summary>The smallest side in pixels.</summary>
    public const int MinSize = 32;

    /// <summary>The largest side in pixels.</summary>
    public const int MaxSize = 256;

    const int Grid = 6;

    readonly float[] _pixels;
    readonly float[] _row;
    readonly float[] _grid = new float[(Grid + 1) * (Grid + 1)];

    /// <summary>Creates a renderer.</summary>
    /// <param name="size">Side of the square pictures in pixels, <see cref="MinSize"/>..<see cref="MaxSize"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is outside that range.</exception>
    public ShapesRenderer(int size = 96)
    {
        if (size is < MinSize or > MaxSize)
            throw new ArgumentOutOfRangeException(nameof(size), $"size {size} is outside {MinSize}..{MaxSize}");
        Size = size;
        _pixels = new float[3 * size * size];
        _row = new float[size];
    }

    /// <summary>Side of the pictures in pixels.</summary>
    public int Size { get; }

    /// <summary>Bytes of one picture: 3 planes (red, green, blue) of size x size.</summary>
    public int Bytes => _pixels.Length;

    /// <summary>The classes by label.</summary>
    public static IReadOnlyList<string> ClassNames => ShapeOutline.Names;

    /// <summary>Draws one picture.</summary>
    /// <param name="seed">Of the data set.</param>
    /// <param name="index">Of the sample in it.</param>
    /// <param name="difficulty">0 (bright, sharp, whole) .. 1 (dark, noisy, blurred, partly covered).</param>
    /// <param name="planes">Receives <see cref="Bytes"/> bytes: red, green, blue plane, rows from the top.</param>
    /// <returns>The label, an index into <see cref="ClassNames"/>.</returns>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    public int Draw(ulong seed, long index, float difficulty, Span<byte> planes)
    {
        if (planes.Length < Bytes)
            throw new ArgumentException($"destination holds {planes.Length} bytes, a picture has {Bytes}", nameof(planes));
        var random = new SampleRandom(seed, (ulong)index);
        int label = random.NextInt(ShapeOutline.Names.Length);
        Degradation degradation = Degradation.Of(difficulty);

        // The background keeps clear of the ends by half the contrast, so that the shape's colour is never clipped away.
        float sign = random.NextBool() ? 1f : -1f;
        Colour background = default, shape = default;
        for (int channel = 0; channel < 3; channel++)
        {
            float contrast = degradation.Contrast * random.NextFloat(0.45f, 1f);
            float middle = random.NextFloat(0.08f + (contrast / 2), 0.92f - (contrast / 2));
            background[channel] = middle - (sign * contrast / 2);
            shape[channel] = middle + (sign * contrast / 2);
        }
        PaintBackground(ref random, background, degradation.Texture);

        float radius = Size * random.NextFloat(0.17f, 0.32f);
        float margin = radius * 0.95f;
        float x = random.NextFloat(margin, Size - margin), y = random.NextFloat(margin, Size - margin);
        PaintShape(ref random, ShapeOutline.All[label], shape, x, y, radius);

        int occluders = (int)(degradation.Occluders + random.NextFloat());
        for (int i = 0; i < occluders; i++) PaintOccluder(ref random, background, degradation, x, y, radius);

        Blur(degradation.BlurPasses * Size / 96f);
        Expose(ref random, degradation, planes);
        return label;
    }

    void PaintBackground(ref SampleRandom random, in Colour colour, float amplitude)
    {
        foreach (ref float node in _grid.AsSpan()) node = random.NextFloat(-1f, 1f);
        float slopeX = random.NextFloat(-0.1f, 0.1f), slopeY = random.NextFloat(-0.1f, 0.1f);
        float perPixel = (float)Grid / Size, centre = Size * 0.5f;
        int plane = Size * Size;
        for (int y = 0; y < Size; y++)
        {
            float gy = y * perPixel;
            int cellY = (int)gy;
            gy -= cellY;
            for (int x = 0; x < Size; x++)
            {
                float gx = x * perPixel;
                int cellX = (int)gx, node = (cellY * (Grid + 1)) + cellX;
                gx -= cellX;
                float top = _grid[node] + (gx * (_grid[node + 1] - _grid[node]));
                float bottom = _grid[node + Grid + 1] + (gx * (_grid[node + Grid + 2] - _grid[node + Grid + 1]));
                float light = (amplitude * (top + (gy * (bottom - top)))) + ((((x - centre) * slopeX) + ((y - centre) * slopeY)) / Size);
                int at = (y * Size) + x;
                _pixels[at] = colour.Red + light;
                _pixels[plane + at] = colour.Green + light;
                _pixels[(2 * plane) + at] = colour.Blue + light;
            }
        }
    }

    void PaintShape(ref SampleRandom random, ShapeOutline outline, in Colour colour, float centreX, float centreY, float radius)
    {
        (float sine, float cosine) = PortableTrigonometry.SinCos(random.NextFloat());
        float stretch = random.NextFloat(0.88f, 1.12f);
        float reach = 1.25f * radius;
        (int left, int right) = Range(centreX, reach);
        (int top, int bottom) = Range(centreY, reach);
        float scale = 1f / radius;
        for (int y = top; y < bottom; y++)
        {
            float dy = (y + 0.5f - centreY) * scale;
            for (int x = left; x < right; x++)
            {
                float dx = (x + 0.5f - centreX) * scale;
                float distance = outline.Distance(((dx * cosine) + (dy * sine)) * stretch, ((dy * cosine) - (dx * sine)) / stretch);
                float cover = 0.5f - (distance * radius);
                if (cover > 0f) Blend((y * Size) + x, colour, MathF.Min(cover, 1f));
            }
        }
    }

    // A disc or a bar in a colour near the background's, laid over the rim: it hides a piece of the outline.
    void PaintOccluder(ref SampleRandom random, in Colour background, in Degradation degradation, float centreX, float centreY,
        float radius)
    {
        (float sine, float cosine) = PortableTrigonometry.SinCos(random.NextFloat());
        float away = random.NextFloat(0.45f, 1.05f) * radius;
        float x0 = centreX + (away * cosine), y0 = centreY + (away * sine);
        float half = radius * degradation.OccluderSize * random.NextFloat(0.7f, 1.3f);
        bool bar = random.NextBool();
        (float barSine, float barCosine) = PortableTrigonometry.SinCos(random.NextFloat());
        float length = bar ? radius * random.NextFloat(0.4f, 1.1f) : 0f;
        Colour colour = default;
        for (int channel = 0; channel < 3; channel++)
            colour[channel] = Math.Clamp(background[channel] + random.NextFloat(-0.2f, 0.2f), 0f, 1f);
        float reach = half + length + 1f;
        (int left, int right) = Range(x0, reach);
        (int top, int bottom) = Range(y0, reach);
        for (int y = top; y < bottom; y++)
        {
            for (int x = left; x < right; x++)
            {
                float dx = x + 0.5f - x0, dy = y + 0.5f - y0;
                float along = (dx * barCosine) + (dy * barSine), across = (dy * barCosine) - (dx * barSine);
                along -= Math.Clamp(along, -length, length);
                float cover = half + 0.5f - MathF.Sqrt((along * along) + (across * across));
                if (cover > 0f) Blend((y * Size) + x, colour, MathF.Min(cover, 1f));
            }
        }
    }

    (int From, int To) Range(float centre, float reach) =>
        (Math.Max(0, (int)MathF.Floor(centre - reach)), Math.Min(Size, (int)MathF.Ceiling(centre + reach) + 1));

    void Blend(int at, in Colour colour, float cover)
    {
        int plane = Size * Size;
        _pixels[at] += cover * (colour.Red - _pixels[at]);
        _pixels[at + plane] += cover * (colour.Green - _pixels[at + plane]);
        _pixels[at + (2 * plane)] += cover * (colour.Blue - _pixels[at + (2 * plane)]);
    }

    // Each whole pass convolves with (1 2 1)/4 both ways; the last, partial one with a weaker kernel, so blur grows continuously.
    void Blur(float passes)
    {
        for (; passes > 0f; passes -= 1f)
        {
            float side = 0.25f * MathF.Min(passes, 1f), middle = 1f - (2f * side);
            for (int row = 0; row < 3 * Size; row++) BlurAlong(_pixels.AsSpan(row * Size, Size), side, middle);
            for (int channel = 0; channel < 3; channel++) BlurDown(_pixels.AsSpan(channel * Size * Size, Size * Size), side, middle);
        }
    }

    static void BlurAlong(Span<float> row, float side, float middle)
    {
        float before = row[0];
        for (int x = 0; x < row.Length - 1; x++)
        {
            float here = row[x];
            row[x] = (middle * here) + (side * (before + row[x + 1]));
            before = here;
        }
        row[^1] = (middle * row[^1]) + (side * (before + row[^1]));
    }

    void BlurDown(Span<float> plane, float side, float middle)
    {
        Span<float> above = _row;
        plane[..Size].CopyTo(above);
        for (int y = 0; y < Size; y++)
        {
            Span<float> here = plane.Slice(y * Size, Size);
            ReadOnlySpan<float> below = y + 1 < Size ? plane.Slice((y + 1) * Size, Size) : here;
            for (int x = 0; x < here.Length; x++)
            {
                float value = here[x];
                here[x] = (middle * value) + (side * (above[x] + below[x]));
                above[x] = value;
            }
        }
    }

    void Expose(ref SampleRandom random, in Degradation degradation, Span<byte> planes)
    {
        float gain = 255f * degradation.Brightness;
        // The sum of four 16-bit uniforms is close to normal; its standard deviation is 65536 / sqrt(3).
        float sigma = 255f * degradation.Noise * (1.7320508f / 65536f);
        for (int i = 0; i < _pixels.Length; i++)
        {
            ulong bits = random.NextBits();
            int sum = (int)(bits & 0xFFFF) + (int)((bits >> 16) & 0xFFFF) + (int)((bits >> 32) & 0xFFFF) + (int)(bits >> 48) - 131070;
            float value = (_pixels[i] * gain) + (sum * sigma) + 0.5f;
            planes[i] = (byte)Math.Clamp(value, 0f, 255f);
        }
    }

    [System.Runtime.CompilerServices.InlineArray(3)]
    struct Colour
    {
        float _red;

        public readonly float Red => this[0];

        public readonly float Green => this[1];

        public readonly float Blue => this[2];
    }
}
