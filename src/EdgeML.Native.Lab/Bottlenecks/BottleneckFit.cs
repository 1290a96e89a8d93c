using EdgeML.Native.Offload;

namespace EdgeML.Native.Lab.Bottlenecks;

/// <summary>The linear bottleneck that loses least: principal components in the metric of the network's scores, bits where they take away
/// most of the error.</summary>
static class BottleneckFit
{
    /// <summary>How much of the metric is spread evenly: few probes leave directions unseen, and unseen is not unimportant.</summary>
    const double Even = 0.1;

    /// <summary>Makes a bottleneck whose payload is at most so large.</summary>
    /// <param name="statistics">Of the cut.</param>
    /// <param name="bytes">Of the payload.</param>
    /// <param name="weighted">False takes every channel for equally important: plain principal components.</param>
    public static LinearBottleneck Fit(CutStatistics statistics, int bytes, bool weighted = true)
    {
        int n = statistics.Patches.Rows;
        (double[] root, double[] inverse) = Roots(statistics, weighted);
        (double[] variances, double[] vectors) = SymmetricEigen.Of(Product(Product(root, statistics.Covariance, n), root, n), n);
        double[] encoder = Product(vectors, root, n), decoder = Product(vectors, inverse, n);
        QuantiserTable[] tables = [.. Enumerable.Range(0, n).Where(i => variances[i] > 0).Select(i => Table(statistics, encoder.AsSpan(i * n, n)))];
        int[] bits = BitShares.Divide(tables, (int)(8L * bytes / statistics.Patches.Positions));
        int[] chosen = [.. Enumerable.Range(0, bits.Length).Where(i => bits[i] > 0)];
        return new LinearBottleneck(
            statistics.Patches,
            [.. statistics.Mean.Select(mean => (float)mean)],
            Rows(encoder, chosen, n),
            Rows(decoder, chosen, n),
            [.. chosen.Select(i => tables[i].Range(bits[i]))],
            [.. chosen.Select(i => bits[i])],
            statistics.Rectified);
    }

    static QuantiserTable Table(CutStatistics statistics, ReadOnlySpan<double> row)
    {
        var values = new float[statistics.Vectors.Count];
        for (int v = 0; v < values.Length; v++)
        {
            double sum = 0;
            for (int c = 0; c < row.Length; c++) sum += row[c] * (statistics.Vectors[v][c] - statistics.Mean[c]);
            values[v] = (float)sum;
        }
        return new QuantiserTable(values);
    }

    /// <summary>The metric's square root and its inverse, both symmetric.</summary>
    static (double[] Root, double[] Inverse) Roots(CutStatistics statistics, bool weighted)
    {
        int n = statistics.Patches.Rows;
        var metric = new double[n * n];
        double trace = 0;
        for (int i = 0; i < n; i++) trace += statistics.Metric[(i * n) + i];
        bool useMetric = weighted && trace > 0;
        for (int i = 0; i < metric.Length; i++) metric[i] = useMetric ? (1 - Even) * n * statistics.Metric[i] / trace : 0;
        for (int i = 0; i < n; i++) metric[(i * n) + i] += useMetric ? Even : 1;
        (double[] values, double[] vectors) = SymmetricEigen.Of(metric, n);
        double[] root = new double[n * n], inverse = new double[n * n];
        for (int k = 0; k < n; k++)
        {
            double value = Math.Sqrt(Math.Max(values[k], 1e-12));
            for (int i = 0; i < n; i++)
            {
                for (int j = 0; j < n; j++)
                {
                    double part = vectors[(k * n) + i] * vectors[(k * n) + j];
                    root[(i * n) + j] += part * value;
                    inverse[(i * n) + j] += part / value;
                }
            }
        }
        return (root, inverse);
    }

    static double[] Product(double[] a, double[] b, int n)
    {
        var product = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            for (int k = 0; k < n; k++)
            {
                double factor = a[(i * n) + k];
                for (int j = 0; j < n; j++) product[(i * n) + j] += factor * b[(k * n) + j];
            }
        }
        return product;
    }

    static float[] Rows(double[] matrix, int[] rows, int n) =>
        [.. rows.SelectMany(row => Enumerable.Range(row * n, n).Select(at => (float)matrix[at]))];
}
