namespace EdgeML.Native.Codecs;

/// <summary>A tensor channels x height x width seen as square patches: every pixel of a patch is a channel, every patch a
/// position. With patches of one pixel the order is the tensor's own.</summary>
/// <param name="Channels">Of the tensor.</param>
/// <param name="Height">A multiple of <paramref name="Size"/>.</param>
/// <param name="Width">A multiple of <paramref name="Size"/>.</param>
/// <param name="Size">Pixels along a side of a patch.</param>
readonly record struct TensorPatches(int Channels, int Height, int Width, int Size)
{
    /// <summary>Channels times pixels of a patch.</summary>
    public int Rows => Channels * Size * Size;

    /// <summary>Patches.</summary>
    public int Positions => Height / Size * (Width / Size);

    /// <summary>Elements of the tensor.</summary>
    public int Elements => Channels * Height * Width;

    /// <summary>Rows one after another, the positions of a row side by side.</summary>
    public void Gather(ReadOnlySpan<float> tensor, Span<float> rows)
    {
        int across = Width / Size, at = 0;
        for (int row = 0; row < Rows; row++)
        {
            int first = First(row);
            for (int y = 0; y < Height / Size; y++)
            {
                ReadOnlySpan<float> line = tensor.Slice(first + (y * Size * Width), Width - (row % Size));
                for (int x = 0; x < across; x++) rows[at++] = line[x * Size];
            }
        }
    }

    /// <summary>The other way.</summary>
    public void Scatter(ReadOnlySpan<float> rows, Span<float> tensor)
    {
        int across = Width / Size, at = 0;
        for (int row = 0; row < Rows; row++)
        {
            int first = First(row);
            for (int y = 0; y < Height / Size; y++)
            {
                Span<float> line = tensor.Slice(first + (y * Size * Width), Width - (row % Size));
                for (int x = 0; x < across; x++) line[x * Size] = rows[at++];
            }
        }
    }

    /// <summary>Where a row's first pixel lies.</summary>
    int First(int row) => (row / (Size * Size) * Height * Width) + (row / Size % Size * Width) + (row % Size);
}
