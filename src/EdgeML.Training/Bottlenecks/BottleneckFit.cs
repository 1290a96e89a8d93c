using EdgeML.Native.Codecs;
using EdgeML.Training.Numerics;

namespace EdgeML.Training.Bottlenecks;

/// <summary>Linear bottlenecks of one cut that lose least: principal components in the metric of the network's sensitivity, bits where they
/// take away most of the error.</summary>
sealed class BottleneckFit
{
    readonly CutStatistics _statistics;
    readonly double[] _encoder;
    readonly double[] _decoder;
    readonly QuantiserTable[] _tables;

    /// <param name="statistics">Of the cut.</param>
    /// <param name="metric">Rows x rows: e' M e weighs an error e in a patch by the network's sensitivity; null weighs all errors alike, which makes
    /// plain principal components.</param>
    /// <param name="even">How much of the metric is spread evenly, 0..1: one of few samples leaves directions unseen, and unseen is not
    /// unimportant.</param>
    public BottleneckFit(CutStatistics statistics, double[]? metric = null, double even = 0.1)
    {
        _statistics = statistics;
        int n = statistics.Patches.Rows;
        (double[] root, double[] inverse) = Roots(metric, even, n);
        (double[] variances, double[] vectors) = SymmetricEigen.Of(Product(Product(root, statistics.Covariance, n), root, n), n);
        (_encoder, _decoder) = (Product(vectors, root, n), Product(vectors, inverse, n));
        _tables = [.. Enumerable.Range(0, n).Where(i => variances[i] > 0).Select(i => Table(_encoder.AsSpan(i * n, n)))];
    }

    /// <summary>Makes a bottleneck whose payload is at most so large.</summary>
    public LinearBottleneck OfAtMost(int bytes)
    {
        int n = _statistics.Patches.Rows;
        int[] bits = BitShares.Divide(_tables, (int)(8L * bytes / _statistics.Patches.Positions));
        int[] chosen = [.. Enumerable.Range(0, bits.Length).Where(i => bits[i] > 0)];
        return new LinearBottleneck(
            _statistics.Patches,
            [.. _statistics.Mean.Select(mean => (float)mean)],
            Rows(_encoder, chosen, n),
            Rows(_decoder, chosen, n),
            [.. chosen.Select(i => _tables[i].Range(bits[i]))],
            [.. chosen.Select(i => bits[i])],
            _statistics.Rectified);
    }

    QuantiserTable Table(ReadOnlySpan<double> row)
    {
        var values = new float[_statistics.Vectors.Count];
        for (int v = 0; v < values.Length; v++)
        {
            double sum = 0;
            for (int c = 0; c < row.Length; c++) sum += row[c] * (_statistics.Vectors[v][c] - _statistics.Mean[c]);
            values[v] = (float)sum;
        }
        return new QuantiserTable(values);
    }

    /// <summary>The metric's square root and its inverse, both symmetric.</summary>
    static (double[] Root, double[] Inverse) Roots(double[]? minded, double even, int n)
    {
        double trace = 0;
        for (int i = 0; i < n; i++) trace += minded?[(i * n) + i] ?? 0;
        bool plain = trace == 0;
        double[] metric = plain ? new double[n * n] : [.. minded!.Select(value => (1 - even) * n * value / trace)];
        for (int i = 0; i < n; i++) metric[(i * n) + i] += plain ? 1 : even;
        if (plain) return (metric, metric);
        (double[] values, double[] vectors) = SymmetricEigen.Of(metric, n);
        double[] scaled = new double[n * n], shrunk = new double[n * n];
        for (int k = 0; k < n; k++)
        {
            double value = Math.Sqrt(Math.Max(values[k], 1e-12));
            for (int i = 0; i < n; i++)
            {
                scaled[(i * n) + k] = vectors[(k * n) + i] * value;
                shrunk[(i * n) + k] = vectors[(k * n) + i] / value;
            }
        }
        return (Product(scaled, vectors, n), Product(shrunk, vectors, n));
    }

    static double[] Product(double[] a, double[] b, int n)
    {
        var product = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            Span<double> row = product.AsSpan(i * n, n);
            for (int k = 0; k < n; k++)
                System.Numerics.Tensors.TensorPrimitives.MultiplyAdd(b.AsSpan(k * n, n), a[(i * n) + k], row, row);
        }
        return product;
    }

    static float[] Rows(double[] matrix, int[] rows, int n) =>
        [.. rows.SelectMany(row => Enumerable.Range(row * n, n).Select(at => (float)matrix[at]))];
}
