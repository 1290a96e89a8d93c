using BenchmarkDotNet.Attributes;
using EdgeML.Benchmarks.Subjects;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Policies;

namespace EdgeML.Benchmarks.Benches;

/// <summary>One picture through the shipped network, on one thread.</summary>
[MemoryDiagnoser]
public class EarlyExitBench : IDisposable
{
    BenchmarkModels? _models;
    NetworkSubject? _network;
    EdgeSession? _first;
    float[] _input = [];

    [GlobalSetup]
    public void Load()
    {
        _models = new BenchmarkModels(new Options());
        _network = new NetworkSubject(_models.Shipped);
        _input = _network.Noise(1);
        _network.Load(_input);
        var thresholds = new float[_network.Manifest.SideExits];
        thresholds[0] = 1;
        _first = new EdgeSession(
            _network.Model, new EdgeSessionOptions { Policy = new ExitPolicy(thresholds, _network.Manifest.LocalCut) });
        _first.Run(_input);
        _network.Model.WaitForFusion(TimeSpan.FromMinutes(1));
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _first?.Dispose();
        _network?.Dispose();
        _models?.Dispose();
    }

    [Benchmark(Baseline = true)]
    public void WholeNetworkInOneSession() => _network!.RunWhole();

    [Benchmark]
    public void TriesEveryExitInVain() => _network!.RunPlan();

    [Benchmark]
    public void TriesEveryExitBeforeFusion() => _network!.RunUnits();

    [Benchmark]
    public int LeavesAtFirstExit() => _first!.Run(_input).Exit;
}
