using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Inference.Engines;

/// <summary>Units that always run together, as one engine: whatever a policy says, it stops only at their end.</summary>
/// <param name="First">From 1.</param>
/// <param name="Last">The last unit.</param>
readonly record struct UnitPiece(int First, int Last)
{
    /// <summary>The pieces in order. ONNX Runtime gets one per unit, since its sessions are made in milliseconds and any cut may be
    /// asked for; TensorRT builds for seconds to minutes, so it gets the stretches between exits and candidate cuts.</summary>
    public static UnitPiece[] Of(ModelManifest manifest, bool stretches)
    {
        var pieces = new List<UnitPiece>();
        int first = 1;
        for (int unit = 1; unit <= manifest.Units.Count; unit++)
        {
            bool ends = !stretches || unit == manifest.Units.Count || manifest.Cuts[unit].Candidate
                || manifest.Exits.Any(exit => exit.AfterUnit == unit);
            if (!ends) continue;
            pieces.Add(new UnitPiece(first, unit));
            first = unit + 1;
        }
        return [.. pieces];
    }
}
