using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Numerics;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Inference.Profiling;

/// <summary>Measures plans as sessions run them, with fused ranges, in turns with the whole network: a disturbance of one run also affects its
/// neighbour, so the quotient of the two is steady where times are not. A plan runs twice in a row and the second run counts: tasks follow
/// each other on one plan, whose weights are then in the caches.</summary>
sealed class PlanTimer : IDisposable
{
    // Fused ranges repack weights; a few plans at a time bound the memory.
    const int Group = 8;

    // The place of a session in memory changes its time by several percent: every plan is loaded this often, each time among others.
    const int Loads = 4;

    readonly BranchedModel _model;
    readonly InferenceSlot _slot;
    readonly ChainPlan _whole;
    readonly float[] _never;
    readonly int _rounds;
    readonly Action? _roundDone;
    readonly CancellationToken _cancellation;
    readonly List<double> _wholeMs = [];

    /// <param name="model">Loaded; other work on it disturbs the figures.</param>
    /// <param name="rounds">Measured runs of every plan, over all loads, after a fifth as many for warm-up.</param>
    /// <param name="roundDone">Called after every round, warm-up included.</param>
    /// <param name="cancellation">Checked between rounds.</param>
    public PlanTimer(BranchedModel model, int rounds, Action? roundDone, CancellationToken cancellation)
    {
        (_model, _rounds, _roundDone, _cancellation) = (model, rounds, roundDone, cancellation);
        _slot = new InferenceSlot(model);
        _never = new float[model.Manifest.SideExits];
        Array.Fill(_never, float.Epsilon);
        // Zeros would run through operators that are faster for them.
        var random = new SeededRandom(1);
        if (model.Manifest.TakesBytes)
        {
            Span<byte> pixels = new byte[model.Manifest.Input.Elements];
            foreach (ref byte value in pixels) value = (byte)random.Below(256);
            model.Pixels.Decode(pixels, _slot.Workspace.Boundary(0).Floats);
        }
        else InputExamples.Row(model.Manifest, random.Uniform).CopyTo(_slot.Workspace.Boundary(0).Floats);
        var whole = new PlanKey(0, model.Manifest.LocalCut, 0);
        // A plan that begins at a cut reads the tensor there.
        using (var units = new ChainPlan(model, _slot.Workspace, whole, Fusion.None)) Run(units);
        _whole = Plan(whole);
    }

    /// <summary>Rounds that so many plans take.</summary>
    public static int Rounds(int plans, int rounds) => Loads * ((plans + Group - 1) / Group) * (OfLoad(rounds) + WarmUp(rounds));

    /// <summary>Each plan's time: the median of quotients to the whole network's run beside it, the median of that over all loads, times
    /// the median of the whole network's.</summary>
    public double[] Milliseconds(IReadOnlyList<PlanKey> keys)
    {
        var quotients = new double[keys.Count][];
        for (int i = 0; i < quotients.Length; i++) quotients[i] = new double[Loads];
        int[] order = [.. Enumerable.Range(0, keys.Count)];
        var random = new SeededRandom(2);
        for (int load = 0; load < Loads; load++)
        {
            for (int i = order.Length - 1; i > 0; i--)
            {
                int j = random.Below(i + 1);
                (order[i], order[j]) = (order[j], order[i]);
            }
            foreach (int[] group in order.Chunk(Group))
            {
                double[] measured = Measure([.. group.Select(i => keys[i])]);
                for (int i = 0; i < group.Length; i++) quotients[group[i]][load] = measured[i];
            }
        }
        double whole = Statistics.Median(_wholeMs);
        return [.. quotients.Select(each => whole * Statistics.Median(each))];
    }

    public void Dispose()
    {
        _whole.Dispose();
        _slot.Dispose();
    }

    static int OfLoad(int rounds) => (rounds + Loads - 1) / Loads;

    static int WarmUp(int rounds) => (OfLoad(rounds) + 4) / 5;

    double[] Measure(PlanKey[] keys)
    {
        var plans = new List<ChainPlan>();
        try
        {
            foreach (PlanKey key in keys) plans.Add(Plan(key));
            int rounds = OfLoad(_rounds);
            var quotients = new double[plans.Count][];
            for (int i = 0; i < quotients.Length; i++) quotients[i] = new double[rounds];
            for (int round = -WarmUp(_rounds); round < rounds; round++)
            {
                _cancellation.ThrowIfCancellationRequested();
                double before = Run(_whole);
                for (int i = 0; i < plans.Count; i++)
                {
                    // Each between two runs of the whole, in another place of the round each time.
                    int plan = (i + Math.Max(round, 0)) % plans.Count;
                    Run(plans[plan]);
                    double own = Run(plans[plan]), after = Run(_whole);
                    if (round >= 0)
                    {
                        quotients[plan][round] = own / (0.5 * (before + after));
                        _wholeMs.Add(after);
                    }
                    before = after;
                }
                _roundDone?.Invoke();
            }
            return [.. quotients.Select(Statistics.Median)];
        }
        finally
        {
            foreach (ChainPlan plan in plans) plan.Dispose();
        }
    }

    ChainPlan Plan(PlanKey key) => new(_model, _slot.Workspace, key, Fusion.Now);

    double Run(ChainPlan plan)
    {
        var result = new RunResultNative();
        long start = ThreadTime.Now;
        plan.Run(_never, ref result);
        double own = ThreadTime.MillisecondsSince(start), clock = result.TotalNs / 1e6;
        // A run whose thread had to wait for a processor tells nothing about the device by the clock; one thread's own time does.
        return _model.Backend.Threads == 1 ? Math.Min(own, clock) : clock;
    }
}
