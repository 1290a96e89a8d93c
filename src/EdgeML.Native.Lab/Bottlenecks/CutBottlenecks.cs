using EdgeML.Native.Inference;
using EdgeML.Native.Lab.Evaluation;
using EdgeML.Native.Models;
using EdgeML.Native.Offload;

namespace EdgeML.Native.Lab.Bottlenecks;

/// <summary>Bottlenecks of several sizes at several cuts, as codecs to be measured.</summary>
static class CutBottlenecks
{
    const int LeastChannels = 8;

    /// <summary>Fits one a cut and ratio, and at the middle ratio plain principal components for comparison. Cuts whose tensor has no channels
    /// worth the name are left out.</summary>
    public static IEnumerable<CutCodec> Fit(BranchedModel model, SampleReader samples, CodecPlan plan, CancellationToken cancellation)
    {
        ModelManifest manifest = model.Manifest;
        var byName = new Dictionary<string, Dictionary<int, LinearBottleneck>>();
        void Add(string name, int cut, LinearBottleneck bottleneck)
        {
            if (!byName.TryGetValue(name, out Dictionary<int, LinearBottleneck>? byCut)) byName.Add(name, byCut = []);
            byCut.Add(cut, bottleneck);
        }
        foreach (int cut in plan.Cuts)
        {
            if (cut == 0 || manifest.Units[cut - 1].OutShape is not [>= LeastChannels, _, _]) continue;
            CutStatistics statistics = CutStatistics.Measure(model, samples, cut, plan.FitSamples, plan.FitProbes, cancellation);
            int plain = TensorPayload.Bytes(TensorEncoding.Int8, manifest.BoundaryElements(cut));
            foreach (int ratio in plan.Ratios) Add($"bottleneck/{ratio}", cut, BottleneckFit.Fit(statistics, plain / ratio));
            int middle = plan.Ratios[plan.Ratios.Count / 2];
            Add($"components/{middle}", cut, BottleneckFit.Fit(statistics, plain / middle, weighted: false));
        }
        return [.. byName.Select(each => Codec(each.Key, each.Value))];
    }

    static CutCodec Codec(string name, Dictionary<int, LinearBottleneck> byCut) => new(
        name,
        cut => byCut.TryGetValue(cut, out LinearBottleneck? bottleneck) ? bottleneck.PayloadBytes : -1,
        (lane, cut) =>
        {
            LinearBottleneck bottleneck = byCut[cut];
            byte[] payload = new byte[bottleneck.PayloadBytes];
            Span<float> tensor = lane.Workspace.Boundary(cut).Floats;
            bottleneck.Encode(tensor, payload);
            bottleneck.Decode(payload, tensor);
        });
}
