namespace EdgeML.Training.Data;

/// <summary>The ten outlines as signed distances in a plane where a shape reaches about 1 from the origin; negative is inside.</summary>
/// <remarks>Only operations that IEEE 754 rounds exactly (+ - * / sqrt), so that pixels agree on every machine.</remarks>
sealed class ShapeOutline
{
    /// <summary>Names by label.</summary>
    public static readonly string[] Names =
        ["circle", "square", "triangle", "star", "cross", "ring", "hexagon", "crescent", "arrow", "heart"];

    // x, y, edge to the previous vertex (x, y), 1 / squared length of that edge; empty for the curved ones.
    readonly float[] _edges;
    readonly int _label;

    ShapeOutline(int label, float[] points)
    {
        _label = label;
        int count = points.Length / 2;
        _edges = new float[count * 5];
        for (int i = 0, previous = count - 1; i < count; previous = i++)
        {
            float x = points[2 * i], y = points[(2 * i) + 1];
            float ex = points[2 * previous] - x, ey = points[(2 * previous) + 1] - y;
            (_edges[5 * i], _edges[(5 * i) + 1]) = (x, y);
            (_edges[(5 * i) + 2], _edges[(5 * i) + 3], _edges[(5 * i) + 4]) = (ex, ey, 1f / ((ex * ex) + (ey * ey)));
        }
    }

    /// <summary>The outlines by label.</summary>
    public static readonly ShapeOutline[] All =
    [
        new(0, []),
        new(1, [-0.78f, -0.78f, 0.78f, -0.78f, 0.78f, 0.78f, -0.78f, 0.78f]),
        new(2, Regular(3, 1.08f, 1.08f)),
        new(3, Regular(5, 1.1f, 0.5f)),
        new(4, [-0.32f, -1, 0.32f, -1, 0.32f, -0.32f, 1, -0.32f, 1, 0.32f, 0.32f, 0.32f, 0.32f, 1, -0.32f, 1, -0.32f, 0.32f, -1, 0.32f,
            -1, -0.32f, -0.32f, -0.32f]),
        new(5, []),
        new(6, Regular(6, 0.97f, 0.97f)),
        new(7, []),
        new(8, [-1, -0.26f, 0.05f, -0.26f, 0.05f, -0.75f, 1, 0, 0.05f, 0.75f, 0.05f, 0.26f, -1, 0.26f]),
        new(9, []),
    ];

    /// <summary>Distance of a point to the outline.</summary>
    public float Distance(float x, float y)
    {
        float radius;
        switch (_label)
        {
            case 0:
                return MathF.Sqrt((x * x) + (y * y)) - 0.88f;
            case 5:
                radius = MathF.Sqrt((x * x) + (y * y));
                return MathF.Abs(radius - 0.72f) - 0.22f;
            case 7:
                radius = MathF.Sqrt((x * x) + (y * y)) - 0.98f;
                float bite = MathF.Sqrt(((x - 0.5f) * (x - 0.5f)) + (y * y)) - 0.78f;
                return MathF.Max(radius, -bite);
            case 9:
                return Heart(MathF.Abs(x) / 1.7f, (0.95f - y) / 1.7f) * 1.7f;
            default:
                return Polygon(x, y);
        }
    }

    float Polygon(float x, float y)
    {
        float nearest = float.MaxValue;
        bool inside = false;
        ReadOnlySpan<float> edges = _edges;
        for (; edges.Length >= 5; edges = edges[5..])
        {
            float ex = edges[2], ey = edges[3];
            float wx = x - edges[0], wy = y - edges[1];
            float along = Math.Clamp(((wx * ex) + (wy * ey)) * edges[4], 0f, 1f);
            float bx = wx - (ex * along), by = wy - (ey * along);
            nearest = MathF.Min(nearest, (bx * bx) + (by * by));
            // Even-odd rule: does the ray to the right cross this edge?
            bool above = wy >= 0f, previousAbove = wy - ey >= 0f;
            if (above != previousAbove && ((ex * wy) - (ey * wx) > 0f) == (ey > 0f)) inside = !inside;
        }
        float distance = MathF.Sqrt(nearest);
        return inside ? -distance : distance;
    }

    // A heart with its tip at the origin and lobes up to y = 1.1: two quarter discs on a square stood on its corner.
    static float Heart(float x, float y)
    {
        if (x + y > 1f)
        {
            float dx = x - 0.25f, dy = y - 0.75f;
            return MathF.Sqrt((dx * dx) + (dy * dy)) - 0.35355339f;
        }
        float half = 0.5f * MathF.Max(x + y, 0f);
        float fromTop = (x * x) + ((y - 1f) * (y - 1f));
        float fromSide = ((x - half) * (x - half)) + ((y - half) * (y - half));
        float distance = MathF.Sqrt(MathF.Min(fromTop, fromSide));
        return x < y ? -distance : distance;
    }

    static float[] Regular(int corners, float outer, float inner)
    {
        bool star = outer != inner;
        int count = star ? 2 * corners : corners;
        var points = new float[2 * count];
        for (int i = 0; i < count; i++)
        {
            (float sine, float cosine) = PortableTrigonometry.SinCos((float)i / count);
            float radius = star && (i & 1) == 1 ? inner : outer;
            (points[2 * i], points[(2 * i) + 1]) = (radius * cosine, radius * sine);
        }
        return points;
    }
}
