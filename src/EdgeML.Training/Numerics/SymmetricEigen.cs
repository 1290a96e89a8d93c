using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace EdgeML.Training.Numerics;

/// <summary>Eigenvalues and eigenvectors of a symmetric matrix, largest first.</summary>
static class SymmetricEigen
{
    /// <summary>Decomposes.</summary>
    /// <param name="matrix">Symmetric; rows one after another. Left as it is.</param>
    /// <param name="size">Rows.</param>
    /// <returns>Values descending, and for each its unit vector as a row.</returns>
    public static (double[] Values, double[] Vectors) Of(double[] matrix, int size)
    {
        Evd<double> parts = new DenseMatrix(size, size, [.. matrix]).Evd(Symmetricity.Symmetric);
        double[] columns = parts.EigenVectors.ToColumnMajorArray();
        var values = new double[size];
        var vectors = new double[size * size];
        for (int i = 0; i < size; i++)
        {
            int ascending = size - 1 - i;
            values[i] = parts.EigenValues[ascending].Real;
            columns.AsSpan(ascending * size, size).CopyTo(vectors.AsSpan(i * size));
        }
        return (values, vectors);
    }
}
