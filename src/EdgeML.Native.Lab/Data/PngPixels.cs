using System.IO.Compression;

namespace EdgeML.Native.Lab.Data;

/// <summary>The pixels of a PNG file as one byte a sample, whatever bits a sample has in the file, interlaced or not.</summary>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Channels">Samples a pixel.</param>
/// <param name="Bits">Of a sample: 1, 2, 4, 8 or 16.</param>
/// <param name="Scaled">Whether fewer bits than 8 are brightness, to be spread over 0..255, and not numbers of colours.</param>
/// <param name="Interlaced">Whether pixels come in the seven passes of Adam7.</param>
readonly record struct PngPixels(int Width, int Height, int Channels, int Bits, bool Scaled, bool Interlaced)
{
    // First column and row of a pass, and steps to the next.
    static readonly (int X, int Y, int Across, int Down)[] s_adam7 =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    static readonly (int X, int Y, int Across, int Down)[] s_whole = [(0, 0, 1, 1)];

    /// <summary>Reads all of them.</summary>
    /// <param name="packed">The zlib stream.</param>
    /// <returns>Pixel by pixel, channels side by side.</returns>
    /// <exception cref="InvalidDataException">A stream that is none, ends early, or has a filter that is none.</exception>
    public byte[] Read(Stream packed)
    {
        try
        {
            using var stream = new ZLibStream(packed, CompressionMode.Decompress);
            byte[] samples = new byte[Width * Height * Channels];
            foreach ((int x, int y, int across, int down) in Interlaced ? s_adam7 : s_whole)
            {
                int columns = (Width - x + across - 1) / across;
                if (columns > 0) ReadPass(stream, samples, (x, y, across, down), columns);
            }
            return samples;
        }
        catch (IOException e)
        {
            throw new InvalidDataException("PNG pixels are not a zlib stream", e);
        }
    }

    void ReadPass(ZLibStream stream, byte[] samples, (int X, int Y, int Across, int Down) pass, int columns)
    {
        int stride = ((columns * Channels * Bits) + 7) / 8, pixel = Math.Max(1, Channels * Bits / 8);
        byte[] row = new byte[stride], above = new byte[stride];
        for (int y = pass.Y; y < Height; y += pass.Down)
        {
            int filter = stream.ReadByte();
            if (filter < 0 || stream.ReadAtLeast(row, stride, throwOnEndOfStream: false) < stride)
                throw new InvalidDataException($"PNG pixels end in row {y} of {Height}");
            Unfilter(filter, row, above, pixel);
            for (int column = 0; column < columns; column++)
            {
                int to = ((y * Width) + pass.X + (column * pass.Across)) * Channels;
                for (int c = 0; c < Channels; c++) samples[to + c] = Sample(row, (column * Channels) + c);
            }
            (row, above) = (above, row);
        }
    }

    byte Sample(byte[] row, int index)
    {
        if (Bits == 8) return row[index];
        if (Bits == 16) return row[2 * index];
        int most = (1 << Bits) - 1, bit = index * Bits;
        int value = (row[bit / 8] >> (8 - Bits - (bit % 8))) & most;
        return (byte)(Scaled ? value * 255 / most : value);
    }

    static void Unfilter(int filter, Span<byte> row, ReadOnlySpan<byte> up, int pixel)
    {
        if (filter > 4) throw new InvalidDataException($"PNG row filter {filter}, 0..4 exist");
        for (int i = 0; i < row.Length; i++)
        {
            int left = i < pixel ? 0 : row[i - pixel], corner = i < pixel ? 0 : up[i - pixel];
            row[i] += (byte)(filter switch
            {
                1 => left,
                2 => up[i],
                3 => (left + up[i]) >> 1,
                4 => Paeth(left, up[i], corner),
                _ => 0,
            });
        }
    }

    static int Paeth(int left, int up, int corner)
    {
        int estimate = left + up - corner;
        int byLeft = Math.Abs(estimate - left), byUp = Math.Abs(estimate - up), byCorner = Math.Abs(estimate - corner);
        return byLeft <= byUp && byLeft <= byCorner ? left : byUp <= byCorner ? up : corner;
    }
}
