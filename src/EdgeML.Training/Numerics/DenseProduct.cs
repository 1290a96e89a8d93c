using System.Numerics;
using System.Runtime.CompilerServices;

namespace EdgeML.Training.Numerics;

/// <summary>C = A B for matrices of thousands of rows: panels are packed so that six rows by two vectors stay in registers while both
/// factors come from the nearest caches. Strides make transposed factors cost nothing. One thread at a time.</summary>
sealed unsafe class DenseProduct
{
    const int TileRows = 6, BlockRows = 30 * TileRows, BlockDepth = 256;

    readonly float[] _packedA = GC.AllocateArray<float>(BlockRows * BlockDepth, pinned: true);
    readonly float[] _edge = GC.AllocateArray<float>(TileRows * TileColumns, pinned: true);
    float[] _packedB = [];

    static int TileColumns => 2 * Vector<float>.Count;

    /// <summary>Columns of a result are padded to a multiple of this on every machine.</summary>
    internal static int Lanes { get; } = Math.Max(16, TileColumns);

    internal static int Pad(int count) => (count + Lanes - 1) / Lanes * Lanes;

    /// <param name="a">m x k, element (i, j) at a[i * aRow + j * aColumn].</param>
    /// <param name="aRow">Distance of rows.</param>
    /// <param name="aColumn">Distance of columns.</param>
    /// <param name="b">k x n, element (i, j) at b[i * bRow + j * bColumn].</param>
    /// <param name="bRow">Distance of rows.</param>
    /// <param name="bColumn">Distance of columns.</param>
    /// <param name="c">m x n, rows n apart; overwritten.</param>
    /// <param name="m">Rows of the result.</param>
    /// <param name="n">Columns of the result, a multiple of <see cref="Lanes"/>.</param>
    /// <param name="k">Inner dimension.</param>
    internal void Multiply(float* a, int aRow, int aColumn, float* b, int bRow, int bColumn, float* c, int m, int n, int k)
    {
        if (_packedB.Length < n * BlockDepth) _packedB = GC.AllocateArray<float>(n * BlockDepth, pinned: true);
        fixed (float* packedA = _packedA, packedB = _packedB, edge = _edge)
        {
            for (int depth = 0; depth < k; depth += BlockDepth)
            {
                int deep = Math.Min(BlockDepth, k - depth);
                PackB(b + ((long)depth * bRow), bRow, bColumn, packedB, deep, n);
                for (int row = 0; row < m; row += BlockRows)
                {
                    int rows = Math.Min(BlockRows, m - row);
                    PackA(a + ((long)row * aRow) + ((long)depth * aColumn), aRow, aColumn, packedA, rows, deep);
                    for (int column = 0; column < n; column += TileColumns)
                    {
                        float* panel = packedB + (column * deep);
                        for (int tile = 0; tile < rows; tile += TileRows)
                        {
                            float* to = c + ((long)(row + tile) * n) + column;
                            if (rows - tile >= TileRows) Tile(packedA + (tile * deep), panel, to, n, deep, depth > 0);
                            else Edge(packedA + (tile * deep), panel, to, n, deep, depth > 0, rows - tile, edge);
                        }
                    }
                }
            }
        }
    }

    static void Edge(float* a, float* b, float* c, int n, int k, bool add, int rows, float* tile)
    {
        Tile(a, b, tile, TileColumns, k, add: false);
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < TileColumns; column++)
            {
                float value = tile[(row * TileColumns) + column];
                c[((long)row * n) + column] = add ? c[((long)row * n) + column] + value : value;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void PackA(float* a, int aRow, int aColumn, float* packed, int rows, int depth)
    {
        for (int row = 0; row < rows; row += TileRows)
        {
            int real = Math.Min(TileRows, rows - row);
            float* from = a + ((long)row * aRow);
            for (int j = 0; j < depth; j++, from += aColumn, packed += TileRows)
            {
                if (real == TileRows)
                {
                    packed[0] = from[0];
                    packed[1] = from[aRow];
                    packed[2] = from[2 * (nint)aRow];
                    packed[3] = from[3 * (nint)aRow];
                    packed[4] = from[4 * (nint)aRow];
                    packed[5] = from[5 * (nint)aRow];
                    continue;
                }
                for (int i = 0; i < TileRows; i++) packed[i] = i < real ? from[i * (nint)aRow] : 0;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void PackB(float* b, int bRow, int bColumn, float* packed, int depth, int columns)
    {
        for (int column = 0; column < columns; column += TileColumns)
        {
            float* from = b + ((long)column * bColumn);
            for (int j = 0; j < depth; j++, from += bRow, packed += TileColumns)
            {
                if (bColumn == 1)
                {
                    Vector.Store(Vector.Load(from), packed);
                    Vector.Store(Vector.Load(from + Vector<float>.Count), packed + Vector<float>.Count);
                    continue;
                }
                for (int i = 0; i < TileColumns; i++) packed[i] = from[i * (nint)bColumn];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Tile(float* a, float* b, float* c, int n, int k, bool add)
    {
        int width = Vector<float>.Count;
        Vector<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        for (int i = 0; i < k; i++, a += TileRows, b += 2 * width)
        {
            Vector<float> b0 = Vector.Load(b), b1 = Vector.Load(b + width);
            var each = new Vector<float>(a[0]);
            c00 = Vector.FusedMultiplyAdd(each, b0, c00);
            c01 = Vector.FusedMultiplyAdd(each, b1, c01);
            each = new Vector<float>(a[1]);
            c10 = Vector.FusedMultiplyAdd(each, b0, c10);
            c11 = Vector.FusedMultiplyAdd(each, b1, c11);
            each = new Vector<float>(a[2]);
            c20 = Vector.FusedMultiplyAdd(each, b0, c20);
            c21 = Vector.FusedMultiplyAdd(each, b1, c21);
            each = new Vector<float>(a[3]);
            c30 = Vector.FusedMultiplyAdd(each, b0, c30);
            c31 = Vector.FusedMultiplyAdd(each, b1, c31);
            each = new Vector<float>(a[4]);
            c40 = Vector.FusedMultiplyAdd(each, b0, c40);
            c41 = Vector.FusedMultiplyAdd(each, b1, c41);
            each = new Vector<float>(a[5]);
            c50 = Vector.FusedMultiplyAdd(each, b0, c50);
            c51 = Vector.FusedMultiplyAdd(each, b1, c51);
        }
        Put(c, c00, c01, add);
        Put(c + n, c10, c11, add);
        Put(c + (2 * (nint)n), c20, c21, add);
        Put(c + (3 * (nint)n), c30, c31, add);
        Put(c + (4 * (nint)n), c40, c41, add);
        Put(c + (5 * (nint)n), c50, c51, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Put(float* c, Vector<float> left, Vector<float> right, bool add)
    {
        int width = Vector<float>.Count;
        if (add) (left, right) = (left + Vector.Load(c), right + Vector.Load(c + width));
        Vector.Store(left, c);
        Vector.Store(right, c + width);
    }
}
