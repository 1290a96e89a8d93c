using System.Numerics;
using System.Runtime.CompilerServices;

namespace EdgeML.Native.Control.Learning;

/// <summary>The one matrix product small nets need: C = A B or C += A B, with A read through two strides so that a transposed A costs
/// nothing.</summary>
/// <remarks>
/// Four rows by two vectors stay in registers, eight independent sums: enough to keep two multiply-add units busy. The kernels are
/// compiled optimised from the first call, because a learner's first seconds count.
/// </remarks>
static unsafe class MatrixProduct
{
    /// <summary>Row widths are padded to a multiple of this; a multiple of every vector width in use.</summary>
    public static int Lanes { get; } = Math.Max(8, Vector<float>.Count);

    public static int Pad(int count) => (count + Lanes - 1) / Lanes * Lanes;

    /// <param name="a">m x k, element (i, j) at a[i * aRow + j * aColumn].</param>
    /// <param name="aRow">Distance of rows.</param>
    /// <param name="aColumn">Distance of columns.</param>
    /// <param name="b">k x n, rows n apart.</param>
    /// <param name="c">m x n, rows n apart.</param>
    /// <param name="m">Rows of the result.</param>
    /// <param name="n">Columns of the result, a multiple of <see cref="Lanes"/>.</param>
    /// <param name="k">Inner dimension.</param>
    /// <param name="start">n values every row of the result starts from (a bias), or null for zeros.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(float* a, int aRow, int aColumn, float* b, float* c, int m, int n, int k, float* start = null)
    {
        int row = 0;
        for (; row + 4 <= m; row += 4)
        {
            int column = 0;
            for (; column + (2 * Vector<float>.Count) <= n; column += 2 * Vector<float>.Count)
                FourByTwo(a + (row * aRow), aRow, aColumn, b + column, c + (row * n) + column, n, k, start is null ? null : start + column);
            for (; column < n; column += Vector<float>.Count)
                FourByOne(a + (row * aRow), aRow, aColumn, b + column, c + (row * n) + column, n, k, start is null ? null : start + column);
        }
        for (; row < m; row++)
        {
            int column = 0;
            for (; column + (4 * Vector<float>.Count) <= n; column += 4 * Vector<float>.Count)
                OneByFour(a + (row * aRow), aColumn, b + column, c + (row * n) + column, n, k, start is null ? null : start + column);
            for (; column < n; column += Vector<float>.Count)
                OneByOne(a + (row * aRow), aColumn, b + column, c + (row * n) + column, n, k, start is null ? null : start + column);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void FourByTwo(float* a, int aRow, int aColumn, float* b, float* c, int n, int k, float* start)
    {
        int width = Vector<float>.Count;
        Vector<float> left = start is null ? default : Vector.Load(start), right = start is null ? default : Vector.Load(start + width);
        Vector<float> c00 = left, c01 = right, c10 = left, c11 = right, c20 = left, c21 = right, c30 = left, c31 = right;
        float* a1 = a + aRow;
        float* a2 = a1 + aRow;
        float* a3 = a2 + aRow;
        for (nint i = 0, offset = 0; i < k; i++, offset += aColumn, b += n)
        {
            Vector<float> b0 = Vector.Load(b), b1 = Vector.Load(b + width);
            var each = new Vector<float>(a[offset]);
            c00 = Vector.FusedMultiplyAdd(each, b0, c00);
            c01 = Vector.FusedMultiplyAdd(each, b1, c01);
            each = new Vector<float>(a1[offset]);
            c10 = Vector.FusedMultiplyAdd(each, b0, c10);
            c11 = Vector.FusedMultiplyAdd(each, b1, c11);
            each = new Vector<float>(a2[offset]);
            c20 = Vector.FusedMultiplyAdd(each, b0, c20);
            c21 = Vector.FusedMultiplyAdd(each, b1, c21);
            each = new Vector<float>(a3[offset]);
            c30 = Vector.FusedMultiplyAdd(each, b0, c30);
            c31 = Vector.FusedMultiplyAdd(each, b1, c31);
        }
        Vector.Store(c00, c);
        Vector.Store(c01, c + width);
        Vector.Store(c10, c + n);
        Vector.Store(c11, c + n + width);
        Vector.Store(c20, c + (2 * n));
        Vector.Store(c21, c + (2 * n) + width);
        Vector.Store(c30, c + (3 * n));
        Vector.Store(c31, c + (3 * n) + width);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void FourByOne(float* a, int aRow, int aColumn, float* b, float* c, int n, int k, float* start)
    {
        Vector<float> first = start is null ? default : Vector.Load(start);
        Vector<float> c0 = first, c1 = first, c2 = first, c3 = first;
        for (nint i = 0, offset = 0; i < k; i++, offset += aColumn, b += n)
        {
            Vector<float> each = Vector.Load(b);
            c0 = Vector.FusedMultiplyAdd(new Vector<float>(a[offset]), each, c0);
            c1 = Vector.FusedMultiplyAdd(new Vector<float>(a[offset + aRow]), each, c1);
            c2 = Vector.FusedMultiplyAdd(new Vector<float>(a[offset + (2 * aRow)]), each, c2);
            c3 = Vector.FusedMultiplyAdd(new Vector<float>(a[offset + (3 * aRow)]), each, c3);
        }
        Vector.Store(c0, c);
        Vector.Store(c1, c + n);
        Vector.Store(c2, c + (2 * n));
        Vector.Store(c3, c + (3 * n));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void OneByFour(float* a, int aColumn, float* b, float* c, int n, int k, float* start)
    {
        int width = Vector<float>.Count;
        Vector<float> c0 = default, c1 = default, c2 = default, c3 = default;
        if (start is not null)
        {
            (c0, c1) = (Vector.Load(start), Vector.Load(start + width));
            (c2, c3) = (Vector.Load(start + (2 * width)), Vector.Load(start + (3 * width)));
        }
        for (nint i = 0, offset = 0; i < k; i++, offset += aColumn, b += n)
        {
            var each = new Vector<float>(a[offset]);
            c0 = Vector.FusedMultiplyAdd(each, Vector.Load(b), c0);
            c1 = Vector.FusedMultiplyAdd(each, Vector.Load(b + width), c1);
            c2 = Vector.FusedMultiplyAdd(each, Vector.Load(b + (2 * width)), c2);
            c3 = Vector.FusedMultiplyAdd(each, Vector.Load(b + (3 * width)), c3);
        }
        Vector.Store(c0, c);
        Vector.Store(c1, c + width);
        Vector.Store(c2, c + (2 * width));
        Vector.Store(c3, c + (3 * width));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void OneByOne(float* a, int aColumn, float* b, float* c, int n, int k, float* start)
    {
        Vector<float> sum = start is null ? default : Vector.Load(start);
        for (nint i = 0, offset = 0; i < k; i++, offset += aColumn, b += n)
            sum = Vector.FusedMultiplyAdd(new Vector<float>(a[offset]), Vector.Load(b), sum);
        Vector.Store(sum, c);
    }
}
