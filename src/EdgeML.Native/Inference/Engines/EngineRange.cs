using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Inference.Engines;

/// <summary>Units that always run together, as one engine: whatever a policy says, it stops only at their end.</summary>
/// <param name="First">From 1.</param>
/// <param name="Last">The last unit.</param>
readonly record struct EngineRange(int First, int Last)
{
    /// <summary>The ranges in order. ONNX Runtime on the processor gets one per unit, since its sessions are made in milliseconds and any cut
    /// may be asked for; a device gets the ranges between exits and candidate cuts, since TensorRT builds for seconds to minutes, and
    /// each session of a provider copies its input to the device and its output back.</summary>
    public static EngineRange[] Of(ModelManifest manifest, bool merged)
    {
        var ranges = new List<EngineRange>();
        int first = 1;
        for (int unit = 1; unit <= manifest.Units.Count; unit++)
        {
            bool ends = !merged || unit == manifest.Units.Count || manifest.Cuts[unit].Candidate
                || manifest.Exits.Any(exit => exit.AfterUnit == unit);
            if (!ends) continue;
            ranges.Add(new EngineRange(first, unit));
            first = unit + 1;
        }
        return [.. ranges];
    }
}
