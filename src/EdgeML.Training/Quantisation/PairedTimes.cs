using System.Diagnostics;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Numerics;
using EdgeML.Native.Telemetry;

namespace EdgeML.Training.Quantisation;

/// <summary>The time of two whole networks without side exits, measured alternately on one thread: whatever else the machine does meets both.</summary>
/// <param name="FirstMs">Median of the first.</param>
/// <param name="SecondMs">Median of the second.</param>
/// <param name="Ratio">Median over pairs of first / second.</param>
sealed record PairedTimes(double FirstMs, double SecondMs, double Ratio)
{
    const int WarmUpPairs = 5, MostPairs = 200, LeastPairs = 20;

    static readonly TimeSpan s_enough = TimeSpan.FromSeconds(3);

    /// <param name="first">Loaded.</param>
    /// <param name="second">Loaded.</param>
    /// <param name="input">An input of both.</param>
    /// <param name="cancellation">Checked between pairs.</param>
    internal static PairedTimes Measure(BranchedModel first, BranchedModel second, float[] input, CancellationToken cancellation)
    {
        using var one = new Subject(first, input);
        using var two = new Subject(second, input);
        var times = new List<(double First, double Second)>();
        long started = Stopwatch.GetTimestamp();
        for (int i = -WarmUpPairs; i < MostPairs && (i < LeastPairs || Stopwatch.GetElapsedTime(started) < s_enough); i++)
        {
            cancellation.ThrowIfCancellationRequested();
            // The one that runs second finds the other's data in the caches: each has that place half of the time.
            (double a, double b) = (0, 0);
            if ((i & 1) == 0) (a, b) = (one.Run(), two.Run());
            else (b, a) = (two.Run(), one.Run());
            if (i >= 0) times.Add((a, b));
        }
        return new PairedTimes(
            Statistics.Median(times.Select(t => t.First)), Statistics.Median(times.Select(t => t.Second)),
            Statistics.Median(times.Select(t => t.First / t.Second)));
    }

    sealed class Subject : IDisposable
    {
        readonly InferenceSlot _slot;
        readonly ChainPlan _plan;
        readonly float[] _never;
        readonly bool _ownThread;
        RunResultNative _result = new();

        internal Subject(BranchedModel model, float[] input)
        {
            _slot = new InferenceSlot(model);
            _never = new float[model.Manifest.SideExits];
            _plan = new ChainPlan(model, _slot.Workspace, new PlanKey(0, model.Manifest.LocalCut, 0), Fusion.Now);
            _ownThread = model.Backend.Threads == 1;
            _slot.Load(input);
        }

        internal double Run()
        {
            long start = ThreadTime.Now;
            _plan.Run(_never, ref _result);
            double own = ThreadTime.MillisecondsSince(start), clock = _result.TotalNs / 1e6;
            // A run whose thread had to wait for a processor tells nothing about the network.
            return _ownThread ? Math.Min(own, clock) : clock;
        }

        public void Dispose()
        {
            _plan.Dispose();
            _slot.Dispose();
        }
    }
}
