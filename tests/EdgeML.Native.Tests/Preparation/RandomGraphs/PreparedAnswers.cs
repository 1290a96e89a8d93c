using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <summary>A prepared package, answering in every way a device and its tail can: unit by unit, in fused ranges and joined plans, and
/// through a tail on a port of the system's choice; at every cut, by every exit.</summary>
sealed class PreparedAnswers : IDisposable
{
    static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);
    readonly BranchedModel _units;
    readonly BranchedModel _fused;
    readonly TailServer _server;
    readonly EdgeSession _bySession;
    readonly EdgeSession _byTail;
    readonly InferenceSlot _slot;
    readonly Dictionary<PlanKey, ChainPlan> _plans = [];

    internal PreparedAnswers(string folder)
    {
        _units = BranchedModel.Load(folder, new BackendOptions { Fuse = false });
        _fused = BranchedModel.Load(folder);
        _server = new TailServer(new ModelTailExecutor(_fused), new TailServerOptions());
        _bySession = new EdgeSession(_units);
        _byTail = new EdgeSession(_fused, new EdgeSessionOptions
        {
            Tail = new TailClientOptions { Host = "127.0.0.1", Port = _server.EndPoint.Port },
            ConnectWait = s_patience,
            DeadlineMs = s_patience.TotalMilliseconds,
        });
        _slot = new InferenceSlot(_fused);
    }

    internal ModelManifest Manifest => _fused.Manifest;

    /// <summary>The whole network, uncut, in as few sessions as the product makes of it.</summary>
    internal float[] Uncut(float[] input, int exit) => Fused(input, Manifest.LocalCut, exit);

    /// <summary>Every way there is; each call of what is returned computes once.</summary>
    internal IEnumerable<(Way Way, Func<float[], float[]> Answer)> All()
    {
        for (int cut = 0; cut <= Manifest.LocalCut; cut++)
        {
            for (int exit = 1; exit <= Manifest.Exits.Count; exit++)
            {
                (int at, int by) = (cut, exit);
                yield return (new Way("unit by unit", at, by), input => BySession(_bySession, input, at, by));
                yield return (new Way("fused", at, by), input => Fused(input, at, by));
                if (at < Manifest.LocalCut) yield return (new Way("through a tail", at, by), input => BySession(_byTail, input, at, by));
            }
        }
    }

    /// <summary>Lets earlier exits be tried and not taken, and takes this one whatever it says.</summary>
    float[] Thresholds(int exit)
    {
        var thresholds = new float[Manifest.SideExits];
        for (int i = 1; i <= thresholds.Length; i++) thresholds[i - 1] = i < exit ? 1e-30f : i == exit ? 1f : 0.5f;
        return thresholds;
    }

    float[] BySession(EdgeSession session, float[] input, int cut, int exit)
    {
        var logits = new float[Manifest.Classes];
        session.Policy = new ExitPolicy(Thresholds(exit), cut);
        TaskResult result = session.Run(input, logits);
        bool byTail = session == _byTail && (exit > Manifest.SideExits || Manifest.Exits[exit - 1].AfterUnit > cut);
        if (result.Exit != exit || result.Offloaded != byTail || result.Fallback)
            throw new InvalidOperationException(
                $"exit {result.Exit} answered instead of {exit}, offloaded: {result.Offloaded}, fallback: {result.Fallback}");
        return logits;
    }

    float[] Fused(float[] input, int cut, int exit)
    {
        float[] thresholds = Thresholds(exit);
        _slot.Load(input);
        Run(0, cut);
        if (cut == 0 || _slot.Result.Outcome == NativeOutcome.Cut) Run(cut, Manifest.LocalCut);
        if (_slot.Result.ExitIndex != exit)
            throw new InvalidOperationException(
                $"exit {_slot.Result.ExitIndex} answered instead of {exit}, the entropies are "
                + string.Join(", ", Enumerable.Range(1, Manifest.SideExits).Select(e => _slot.SaidAt(e).Entropy.ToString("r")))
                + $", its scores {string.Join(' ', _slot.Workspace.Logits(exit).Floats.ToArray())}");
        var logits = new float[Manifest.Classes];
        _slot.CopyLogits(logits);
        return logits;

        void Run(int start, int stop)
        {
            PlanKey key = PlanKey.For(Manifest, start, stop, thresholds);
            if (!_plans.TryGetValue(key, out ChainPlan? plan))
                _plans.Add(key, plan = new ChainPlan(_fused, _slot.Workspace, key, Fusion.Now));
            _slot.Run(plan, thresholds);
        }
    }

    public void Dispose()
    {
        foreach (ChainPlan plan in _plans.Values) plan.Dispose();
        _slot.Dispose();
        _byTail.Dispose();
        _bySession.Dispose();
        _server.Dispose();
        _fused.Dispose();
        _units.Dispose();
    }
}
