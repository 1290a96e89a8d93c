using EdgeML.Native.Inference.Engines;

namespace EdgeML.Native.Tests.Inference.Engines;

/// <summary>What the CPU answers for one network, on the device's segments and unit by unit; each answer is computed once, whatever it is
/// compared with.</summary>
sealed class TensorRtReference : IDisposable
{
    readonly BranchedModel _units;
    readonly Dictionary<(int Seed, int Vector, int Cut), TensorRtAnswer> _same = [];
    readonly Dictionary<(int Seed, int Vector), float[]> _logits = [];

    public TensorRtReference(string file)
    {
        Graph = new LoadedGraph(File.ReadAllBytes(file), new BackendOptions { Fuse = false, MergedUnits = true });
        _units = BranchedModel.Load(Graph.Folder, new BackendOptions { Fuse = false });
        Vectors = Thresholds(Graph.Manifest.SideExits);
    }

    /// <summary>The network on the CPU with the segments that a device has.</summary>
    public LoadedGraph Graph { get; }

    /// <summary>Thresholds at which all exits are tried in vain, all are tried, none is, and each is taken in turn.</summary>
    public IReadOnlyList<float[]> Vectors { get; }

    public TensorRtAnswer Same(int seed, int vector, int cut)
    {
        if (!_same.TryGetValue((seed, vector, cut), out TensorRtAnswer? answer))
            _same[(seed, vector, cut)] = answer = TensorRtAnswer.Ask(Graph.Model, Graph.Input(seed), Vectors[vector], cut);
        return answer;
    }

    /// <summary>The logits unit by unit, where a cut changes nothing.</summary>
    public float[] UnitLogits(int seed, int vector)
    {
        if (!_logits.TryGetValue((seed, vector), out float[]? logits))
            _logits[(seed, vector)] = logits = TensorRtAnswer.Ask(_units, Graph.Input(seed), Vectors[vector], 0).Logits;
        return logits;
    }

    public void Dispose()
    {
        _units.Dispose();
        Graph.Dispose();
    }

    static float[][] Thresholds(int exits)
    {
        var vectors = new List<float[]> { Same(float.Epsilon), Same(0.9f), Same(0f) };
        for (int exit = 0; exit < exits; exit++)
        {
            var alone = new float[exits];
            alone[exit] = 1f;
            vectors.Add(alone);
        }
        return [.. vectors];

        float[] Same(float threshold) => [.. Enumerable.Repeat(threshold, exits)];
    }
}
