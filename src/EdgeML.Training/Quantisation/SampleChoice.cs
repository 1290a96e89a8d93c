using EdgeML.Native.Imaging;
using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Data;

namespace EdgeML.Training.Quantisation;

/// <summary>Calibration samples, which tell the ranges, and test samples, which judge: spread evenly, since folders are in order of class, and none twice.</summary>
sealed class SampleChoice : IDisposable
{
    internal const int DefaultRanging = 512, DefaultJudging = 2000, LeastRanging = 16, LeastJudging = 50;

    readonly ImageSource _ranging;
    readonly ImageSource _judging;
    readonly InputPixels _pixels;

    /// <exception cref="ArgumentException">There are too few samples.</exception>
    internal SampleChoice(QuantiseOptions options, ModelManifest manifest)
    {
        _pixels = new InputPixels(manifest);
        int? reads = options.Samples is { } asked && options.TestSamples is { } more ? asked + more : null;
        _ranging = options.Data.Open(manifest, reads);
        try
        {
            _judging = options.Test is null ? _ranging : options.Test.Open(manifest, options.TestSamples);
            long there = _ranging.Count ?? long.MaxValue;
            bool shared = options.Test is null;
            int ranging = options.Samples ?? (int)Math.Min(DefaultRanging, shared ? there / 2 : there);
            if (ranging < LeastRanging || ranging > there)
                throw new ArgumentException(
                    $"{ranging} samples of {_ranging.Spec}{(_ranging.Count is null ? "" : $", which has {there},")} are for calibration; at least {LeastRanging} are needed");
            long left = shared ? there - ranging : _judging.Count ?? long.MaxValue;
            int judging = options.TestSamples ?? (int)Math.Min(DefaultJudging, left);
            if (judging < LeastJudging || judging > left)
                throw new ArgumentException(
                    $"{judging}{(_judging.Count is null ? "" : $" of {left}")} samples of {_judging.Spec}{(shared ? $" beside the {ranging} for calibration" : "")} are for the test; "
                    + $"at least {LeastJudging} are needed: give others with --test, or fewer with --samples and --test-count");
            Ranging = Spread(ranging, _ranging.Count is null ? ranging + (shared ? judging : 0) : there);
            if (!shared) Judging = Spread(judging, _judging.Count ?? judging);
            else
            {
                HashSet<long> taken = [.. Ranging];
                long all = _ranging.Count ?? ranging + judging;
                long[] rest = new long[all - ranging];
                for (long i = 0, at = 0; i < all; i++)
                    if (!taken.Contains(i)) rest[at++] = i;
                Judging = [.. Spread(judging, rest.Length).Select(i => rest[i])];
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Indices of the samples that tell the ranges.</summary>
    internal IReadOnlyList<long> Ranging { get; }

    /// <summary>Indices of the samples that judge.</summary>
    internal IReadOnlyList<long> Judging { get; }

    /// <summary>The source of those that judge.</summary>
    internal ImageSource Judges => _judging;

    /// <summary>Notes and warnings of the data.</summary>
    internal IEnumerable<string> Notes => new[] { _ranging, _judging }.Distinct()
        .SelectMany(s => s.Notes.Concat(s.Warnings.Select(warning => $"warning: {warning}")));

    /// <summary>Reads a sample as the network's input.</summary>
    /// <returns>Its label, or <see cref="ImageSource.NoLabel"/>.</returns>
    internal int ReadRanging(int i, Span<float> input) => _ranging.ReadTensor(Ranging[i], input, _pixels);

    /// <inheritdoc cref="ReadRanging"/>
    internal int ReadJudging(int i, Span<float> input) => _judging.ReadTensor(Judging[i], input, _pixels);

    public void Dispose()
    {
        _ranging.Dispose();
        if (!ReferenceEquals(_judging, _ranging)) _judging?.Dispose();
    }

    static long[] Spread(int count, long of)
    {
        long[] chosen = new long[count];
        for (int i = 0; i < count; i++) chosen[i] = (long)((i + 0.5) * of / count);
        return chosen;
    }
}
