using System.IO.MemoryMappedFiles;

namespace EdgeML.Training.Branching;

/// <summary>The backbone's output for every sample, on disk: a row holds the features of every head, the final scores, and the label.
/// Mapped, so the system decides how much of it is in memory. Reading is safe from any thread, writing where rows differ.</summary>
sealed unsafe class FeatureFile : IDisposable
{
    readonly MemoryMappedFile _file;
    readonly MemoryMappedViewAccessor _view;
    readonly float* _first;

    /// <summary>Opens or makes a file of so many rows.</summary>
    /// <param name="path">An existing file of this very length keeps its content.</param>
    /// <param name="rows">Samples.</param>
    /// <param name="scores">Final scores per row.</param>
    /// <param name="features">Features of every head.</param>
    /// <exception cref="IOException">There is no room.</exception>
    internal FeatureFile(string path, long rows, int scores, IReadOnlyList<int> features)
    {
        (Rows, Scores, Width) = (rows, scores, features.Sum() + scores + 1);
        Starts = [.. features.Select((_, i) => features.Take(i).Sum()), features.Sum()];
        long bytes = checked(rows * Width * sizeof(float));
        long there = File.Exists(path) ? new FileInfo(path).Length : 0;
        long free = new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(path))!).AvailableFreeSpace;
        if (bytes - there > free)
            throw new IOException($"the features of {rows} samples take {bytes >> 20} MB, {path} has {free >> 20} MB; take fewer samples by --count");
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.OpenOrCreate, null, bytes);
        _view = _file.CreateViewAccessor(0, bytes);
        byte* first = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref first);
        _first = (float*)(first + _view.PointerOffset);
    }

    internal long Rows { get; }

    /// <summary>Floats per row.</summary>
    internal int Width { get; }

    internal int Scores { get; }

    /// <summary>Where in a row the features of each head begin, then where the final scores do.</summary>
    internal IReadOnlyList<int> Starts { get; }

    internal Span<float> Row(long row) => new(_first + (row * Width), Width);

    /// <summary>Features of a head, from 0.</summary>
    internal ReadOnlySpan<float> Features(long row, int head) => Row(row)[Starts[head]..Starts[head + 1]];

    internal ReadOnlySpan<float> FinalScores(long row) => Row(row).Slice(Starts[^1], Scores);

    internal int Label(long row) => (int)Row(row)[^1];

    internal void Flush() => _view.Flush();

    public void Dispose()
    {
        if (_first is not null) _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
