using EdgeML.Native.Models.Manifest;

namespace EdgeML.Training.Data;

/// <summary>The data set "shapes", drawn as it is read.</summary>
public sealed class ShapesSource : PlaneSource
{
    readonly ShapesRenderer _renderer;
    readonly long? _count;

    /// <summary>Creates the source.</summary>
    /// <param name="seed">Of the data set; samples of different seeds are independent.</param>
    /// <param name="difficulty">How hard they are.</param>
    /// <param name="size">Side in pixels.</param>
    /// <param name="count">Samples after which they begin again; null is endless. Drift needs it, being a matter of index / count.</param>
    /// <exception cref="ArgumentException">A size or count out of range, or drift without a count.</exception>
    public ShapesSource(ulong seed, ShapesDifficulty difficulty, int size = 96, long? count = null)
        : base(size)
    {
        if (count < 1) throw new ArgumentException($"{count} samples, at least 1 is needed", nameof(count));
        if (difficulty == ShapesDifficulty.Drift && count is null)
            throw new ArgumentException("drift needs a count of samples to run over", nameof(count));
        _renderer = new ShapesRenderer(size);
        (Seed, Difficulty, _count) = (seed, difficulty, count);
    }

    /// <summary>Of the data set.</summary>
    public ulong Seed { get; }

    /// <summary>How hard the samples are.</summary>
    public ShapesDifficulty Difficulty { get; }

    /// <inheritdoc/>
    public override long? Count => _count;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames => ShapesRenderer.ClassNames;

    /// <summary>The difficulty, 0..1, of one sample.</summary>
    public float DifficultyOf(long index)
    {
        // A separate stream, so that the same seed draws the same shapes, places and colours at any difficulty.
        float uniform = new SampleRandom(~Seed, (ulong)index).NextFloat();
        return Difficulty switch
        {
            ShapesDifficulty.Easy => 0.25f * uniform,
            ShapesDifficulty.Hard => 1f - (0.25f * uniform),
            ShapesDifficulty.Mixed => uniform,
            _ => Math.Clamp(((float)(index % _count!.Value) / Math.Max(1, _count.Value - 1)) + (0.2f * uniform) - 0.1f, 0f, 1f),
        };
    }

    /// <inheritdoc/>
    protected override int ReadPlanes(long index, Span<byte> planes) => _renderer.Draw(Seed, index, DifficultyOf(index), planes);
}
