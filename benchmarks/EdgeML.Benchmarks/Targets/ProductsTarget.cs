using EdgeML.Benchmarks.Subjects;

namespace EdgeML.Benchmarks.Targets;

/// <summary>The matrix products of training the heads that <c>edgeml branch</c> adds to a VGG16: the library's kernel
/// beside ONNX Runtime's.</summary>
static class ProductsTarget
{
    public const string Name = "products";

    const int Batch = 128, Pairs = 40;

    static readonly int[][] s_heads = [[2048, 840, 420, 10], [2304, 896, 10], [2048, 1016, 10]];

    public static IEnumerable<TargetRow> Measure()
    {
        double ours = 0, theirs = 0, macs = 0;
        foreach (int[] sizes in s_heads)
        {
            (double oursHead, double theirsHead, double macsHead) = (0, 0, 0);
            for (int layer = 0; layer + 1 < sizes.Length; layer++)
            {
                (int inputs, int outputs) = (sizes[layer], sizes[layer + 1]);
                foreach (var (what, m, n, k, transposeA, transposeB) in (ReadOnlySpan<(string, int, int, int, bool, bool)>)
                    [("forward", Batch, outputs, inputs, false, false), ("weights' gradients", inputs, outputs, Batch, true, false),
                        ("inputs' gradients", Batch, inputs, outputs, false, true)])
                {
                    if (layer == 0 && transposeB) continue; // nothing learns before the features
                    using var subject = new ProductSubject(m, n, k, transposeA, transposeB);
                    subject.Verify();
                    var pairs = Interleaved.Measure(subject.Ours, subject.Theirs, Pairs);
                    var apart = Interleaved.Measure(subject.Ours, subject.TakeApart, Pairs);
                    oursHead += pairs.FirstMicros;
                    theirsHead += pairs.SecondMicros - apart.SecondMicros;
                    macsHead += subject.Macs;
                }
            }
            yield return Row($"head {string.Join('-', sizes)}, step of {Batch}", oursHead, theirsHead, macsHead);
            (ours, theirs, macs) = (ours + oursHead, theirs + theirsHead, macs + macsHead);
        }
        yield return Row("products of all three heads", ours, theirs, macs);
    }

    static TargetRow Row(string what, double ours, double theirs, double macs) => TargetRow.Info(
        what,
        $"library {ours / 1000:0.00} ms ({macs / ours / 1000:0.0} GMAC/s), ONNX Runtime {theirs / 1000:0.00} ms ({macs / theirs / 1000:0.0} GMAC/s), ratio {ours / theirs:0.00}");
}
