using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Numerics;

namespace EdgeML.Native.Inference.Profiling;

/// <summary>Measures how long every unit and head takes on this machine.</summary>
public static class DeviceProfiler
{
    /// <summary>Runs the whole network session by session, again and again, and takes medians.</summary>
    /// <param name="model">Loaded; other work on it disturbs the figures.</param>
    /// <param name="device">Name for the profile.</param>
    /// <param name="runs">Measured runs, after a tenth as many for warm-up.</param>
    /// <param name="power">The declared power model; null for the default.</param>
    /// <param name="progress">Gets the number done, after every measured run.</param>
    /// <param name="cancellation">Checked between runs.</param>
    public static DeviceProfile Measure(
        BranchedModel model, string device, int runs = 50, PowerModel? power = null, Action<int>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(runs, 1);
        using var network = new FullNetwork(model, Fusion.None);
        var stageMs = new double[network.Stages][];
        for (int i = 0; i < stageMs.Length; i++) stageMs[i] = new double[runs];
        var ns = new ulong[network.Stages];
        for (int run = -((runs + 9) / 10); run < runs; run++)
        {
            cancellation.ThrowIfCancellationRequested();
            network.Run(ns);
            if (run < 0) continue;
            for (int i = 0; i < stageMs.Length; i++) stageMs[i][run] = ns[i] / 1e6;
            progress?.Invoke(run + 1);
        }

        // Stages stand in order of execution: a range, then the heads that read its end.
        var unitMs = new List<double>();
        var headMs = new List<double>();
        int stage = 0;
        foreach (EngineRange range in model.EngineRanges)
        {
            AddUnits(unitMs, model.Manifest, range, Statistics.Median(stageMs[stage++]));
            for (int exit = 1; exit <= model.Manifest.SideExits; exit++)
                if (model.Manifest.Exits[exit - 1].AfterUnit == range.Last) headMs.Add(Statistics.Median(stageMs[stage++]));
        }
        var profile = new DeviceProfile { Device = device, UnitMs = unitMs, HeadMs = headMs };
        return power is null ? profile : profile with { Power = power };
    }

    // The time of fused units is divided in proportion to their work.
    static void AddUnits(List<double> unitMs, ModelManifest manifest, EngineRange range, double ms)
    {
        double work = 0;
        for (int unit = range.First; unit <= range.Last; unit++) work += manifest.Units[unit - 1].Macs + 1;
        for (int unit = range.First; unit <= range.Last; unit++) unitMs.Add(ms * (manifest.Units[unit - 1].Macs + 1) / work);
    }
}
