using EdgeML.Training.Numerics;

namespace EdgeML.Training.Tests.Numerics;

public sealed unsafe class DenseProductTests
{
    [Theory]
    [InlineData(1, 16, 1)]
    [InlineData(6, 32, 256)]
    [InlineData(7, 16, 300)]
    [InlineData(181, 48, 520)]
    [InlineData(128, 16, 513)]
    public void Multiply_AnySizesAndStrides_IsTheSumOfProducts(int m, int n, int k)
    {
        n = DenseProduct.Pad(n);
        var product = new DenseProduct();
        foreach (bool aTransposed in new[] { false, true })
        {
            foreach (bool bTransposed in new[] { false, true })
            {
                float[] a = Random(m * k, 1), b = Random(k * n, 2), c = Random(m * n, 3);
                (int aRow, int aColumn) = aTransposed ? (1, m) : (k, 1);
                (int bRow, int bColumn) = bTransposed ? (1, k) : (n, 1);
                fixed (float* pa = a, pb = b, pc = c) product.Multiply(pa, aRow, aColumn, pb, bRow, bColumn, pc, m, n, k);
                for (int i = 0; i < m; i++)
                {
                    for (int j = 0; j < n; j++)
                    {
                        double sum = 0;
                        for (int l = 0; l < k; l++) sum += (double)a[(i * aRow) + (l * aColumn)] * b[(l * bRow) + (j * bColumn)];
                        Assert.Equal(sum, c[(i * n) + j], 1e-4);
                    }
                }
            }
        }
    }

    static float[] Random(int length, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => (float)(random.NextDouble() - 0.5))];
    }
}
