using System.Numerics;

namespace EdgeML.Training.Numerics;

/// <summary>Eigenvalues and eigenvectors of a symmetric matrix by Jacobi's rotations, largest first.</summary>
static class SymmetricEigen
{
    const int MostSweeps = 30;

    /// <summary>Decomposes.</summary>
    /// <param name="matrix">Symmetric; rows one after another. Left as it is.</param>
    /// <param name="size">Rows.</param>
    /// <returns>Values descending, and for each its unit vector as a row.</returns>
    public static (double[] Values, double[] Vectors) Of(double[] matrix, int size)
    {
        double[] a = [.. matrix], v = new double[size * size];
        for (int i = 0; i < size; i++) v[(i * size) + i] = 1;
        for (int sweep = 0; sweep < MostSweeps && OffDiagonal(a, size) > 1e-18 * Diagonal(a, size); sweep++)
        {
            for (int p = 0; p < size - 1; p++)
            {
                for (int q = p + 1; q < size; q++) Rotate(a, v, size, p, q);
            }
        }
        int[] order = [.. Enumerable.Range(0, size).OrderByDescending(i => a[(i * size) + i])];
        var vectors = new double[size * size];
        for (int i = 0; i < size; i++) v.AsSpan(order[i] * size, size).CopyTo(vectors.AsSpan(i * size));
        return ([.. order.Select(i => a[(i * size) + i])], vectors);
    }

    static void Rotate(double[] a, double[] v, int size, int p, int q)
    {
        double off = a[(p * size) + q];
        if (Math.Abs(off) < 1e-300) return;
        double theta = (a[(q * size) + q] - a[(p * size) + p]) / (2 * off);
        double t = Math.CopySign(1, theta) / (Math.Abs(theta) + Math.Sqrt((theta * theta) + 1));
        double c = 1 / Math.Sqrt((t * t) + 1), s = t * c;
        RotateRows(a.AsSpan(p * size, size), a.AsSpan(q * size, size), c, s);
        foreach (int k in (ReadOnlySpan<int>)[p, q])
        {
            double x = a[(k * size) + p], y = a[(k * size) + q];
            (a[(k * size) + p], a[(k * size) + q]) = ((c * x) - (s * y), (s * x) + (c * y));
        }
        // What the columns would become is what the rows are.
        for (int k = 0; k < size; k++)
        {
            if (k == p || k == q) continue;
            a[(k * size) + p] = a[(p * size) + k];
            a[(k * size) + q] = a[(q * size) + k];
        }
        RotateRows(v.AsSpan(p * size, size), v.AsSpan(q * size, size), c, s);
    }

    static void RotateRows(Span<double> x, Span<double> y, double c, double s)
    {
        Vector<double> cosine = new(c), sine = new(s);
        int k = 0;
        for (; k + Vector<double>.Count <= x.Length; k += Vector<double>.Count)
        {
            Vector<double> left = new(x[k..]), right = new(y[k..]);
            ((cosine * left) - (sine * right)).CopyTo(x[k..]);
            ((sine * left) + (cosine * right)).CopyTo(y[k..]);
        }
        for (; k < x.Length; k++) (x[k], y[k]) = ((c * x[k]) - (s * y[k]), (s * x[k]) + (c * y[k]));
    }

    static double OffDiagonal(double[] a, int size)
    {
        double sum = 0;
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < i; j++) sum += a[(i * size) + j] * a[(i * size) + j];
        }
        return sum;
    }

    static double Diagonal(double[] a, int size)
    {
        double sum = 1e-300;
        for (int i = 0; i < size; i++) sum += a[(i * size) + i] * a[(i * size) + i];
        return sum;
    }
}
