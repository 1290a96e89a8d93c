using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Policies;
using EdgeML.Training.Data;

namespace EdgeML.Simulation.Faults;

/// <summary>Pictures, and the answers of every exit of the whole local network: those that no fault may change.</summary>
sealed class LocalAnswers : IDisposable
{
    /// <summary>Entropies of the same tensor, computed in other ranges, differ by less.</summary>
    const float Rounding = 1e-4f;

    readonly ExitRecorder _recorder;
    readonly byte[][] _pictures;
    readonly int _sideExits;

    public LocalAnswers(BranchedModel model, int count, int seed)
    {
        using ImageSource source = DataSpec.Parse($"shapes:seed={seed},difficulty=mixed").Open(model.Manifest.Input.Shape);
        _recorder = new ExitRecorder(model);
        _sideExits = model.Manifest.SideExits;
        _pictures = new byte[count][];
        for (int i = 0; i < count; i++)
        {
            int label = source.Read(i, _pictures[i] = new byte[source.Elements]);
            _recorder.Record(_pictures[i], label);
        }
    }

    public int Count => _pictures.Length;

    public byte[] Picture(int index) => _pictures[index];

    /// <summary>The fault of an answer to a picture under a policy; null for none.</summary>
    public string? Fault(int picture, in ExitPolicy policy, in TaskResult result)
    {
        if (result.Class != _recorder.Class(picture, result.Exit))
            return $"class {result.Class} by exit {result.Exit}, the local network's is {_recorder.Class(picture, result.Exit)}";
        int expected = ExitOf(picture, policy, 0);
        bool allowed = result.Exit == expected || result.Exit == ExitOf(picture, policy, Rounding) || result.Exit == ExitOf(picture, policy, -Rounding)
            || (result.Standby && result.Exit == policy.Standby);
        return allowed ? null : $"exit {result.Exit}, the local network takes exit {expected}";
    }

    public void Dispose() => _recorder.Dispose();

    int ExitOf(int picture, in ExitPolicy policy, float margin)
    {
        for (int exit = 1; exit <= _sideExits; exit++)
        {
            float threshold = policy.Thresholds[exit - 1];
            if (threshold > 0 && _recorder.Entropy(picture, exit) < threshold + margin) return exit;
        }
        return _sideExits + 1;
    }
}
