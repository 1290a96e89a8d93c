using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Learning.Traces;

/// <summary>A learning controller's experience on one device: state, action, reward, next state (the paper's eq. 8), to start another
/// device's learning with.</summary>
/// <remarks>
/// Holds the newest transitions up to its capacity and allocates nothing while it records. One controller records into it at a time, on the
/// session's thread; reading is for afterwards. Latency and energy are kept relative to the bounds they were measured under.
/// </remarks>
public sealed class TransitionTrace
{
    /// <summary>Reward, and the mean exits it came from.</summary>
    const int Outcomes = 3;

    readonly int _capacity;
    float[] _rows = [];
    int _next;

    /// <summary>An empty trace.</summary>
    /// <param name="capacity">Transitions kept.</param>
    public TransitionTrace(int capacity = 10_000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, TransitionTraceFormat.MaxTransitions);
        _capacity = capacity;
    }

    internal TransitionTrace(TransitionTraceOrigin origin, float[] rows) : this(Math.Max(1, rows.Length / StrideOf(origin)))
    {
        (Origin, _rows, Count) = (origin, rows, rows.Length / StrideOf(origin));
        _next = Count % _capacity;
    }

    /// <summary>Transitions held.</summary>
    public int Count { get; private set; }

    internal TransitionTraceOrigin? Origin { get; private set; }

    internal ReadOnlySpan<float> Rows => _rows.AsSpan(0, Origin is null ? 0 : Count * StrideOf(Origin));

    internal static int StrideOf(TransitionTraceOrigin origin) => (2 * origin.StateSize) + origin.ActionSize + Outcomes;

    /// <summary>Reads a trace.</summary>
    /// <exception cref="InvalidDataException">The file is not a trace, is truncated or holds impossible values; one line.</exception>
    public static TransitionTrace Load(string path) => TransitionTraceFormat.Read(path);

    /// <summary>Writes the trace, whole or not at all.</summary>
    /// <exception cref="InvalidOperationException">Nothing was recorded.</exception>
    public void Save(string path) => AtomicFile.Write(path, stream => TransitionTraceFormat.Write(this, stream));

    /// <summary>Prepares to record one controller.</summary>
    internal void Begin(CostModel model, int stateSize, int actionSize)
    {
        var origin = TransitionTraceOrigin.Of(model, stateSize, actionSize);
        if (Origin is not null && Origin with { Bounds = default } != origin)
            throw new ArgumentException($"trace already records {Origin.Shape}, the controller has {origin.Shape}");
        if (Origin is not null) return;
        Origin = origin;
        _rows = new float[_capacity * StrideOf(origin)];
    }

    internal void Add(ReadOnlySpan<float> state, ReadOnlySpan<float> action, float reward, ReadOnlySpan<float> nextState,
                      in Observation observation)
    {
        TransitionTraceOrigin origin = Origin!;
        origin.Bounds = observation.Requirements;
        Span<float> row = _rows.AsSpan(_next * StrideOf(origin), StrideOf(origin));
        state.CopyTo(row);
        action.CopyTo(row[origin.StateSize..]);
        Span<float> outcome = row.Slice(origin.StateSize + origin.ActionSize, Outcomes);
        (outcome[0], outcome[1], outcome[2]) = (reward, (float)observation.MeanExit, (float)observation.MeanExitSatisfied);
        nextState.CopyTo(row[^origin.StateSize..]);
        _next = (_next + 1) % _capacity;
        Count = Math.Min(Count + 1, _capacity);
    }

    /// <summary>The transitions as they would have been on another device: L and E in proportion to the whole network's time and power
    /// there, and the reward of that.</summary>
    /// <exception cref="ArgumentException">The trace is of another model or kind of controller.</exception>
    internal ReplayBuffer Transitions(CostModel model, int stateSize, int actionSize, RewardFunction reward)
    {
        var target = TransitionTraceOrigin.Of(model, stateSize, actionSize);
        if (Origin is null || Count == 0) throw new ArgumentException("trace holds no transitions");
        if (Origin.Model != target.Model || Origin.Shape != target.Shape)
            throw new ArgumentException($"trace is of model {Origin.Model}, {Origin.Shape}; here it is {target.Model}, {target.Shape}");
        float latency = (float)(target.LocalMs / Origin.LocalMs), energy = (float)(target.LocalJ / Origin.LocalJ);
        bool same = Math.Abs(latency - 1) < 1e-6 && Math.Abs(energy - 1) < 1e-6;
        var transitions = new ReplayBuffer(Count, stateSize, actionSize);
        int stride = StrideOf(Origin);
        Span<float> moved = stackalloc float[stride];
        for (int i = 0; i < Count; i++)
        {
            _rows.AsSpan(i * stride, stride).CopyTo(moved);
            Span<float> state = moved[..stateSize], next = moved[^stateSize..], outcome = moved.Slice(stateSize + actionSize, Outcomes);
            if (!same)
            {
                Rescale(state, latency, energy);
                Rescale(next, latency, energy);
                outcome[0] = Reward(next, outcome[1], outcome[2], reward);
            }
            transitions.Add(state, moved.Slice(stateSize, actionSize), outcome[0], next);
        }
        return transitions;
    }

    // The first two of a state are L / L_usr - 1 and E / E_usr - 1.
    static void Rescale(Span<float> state, float latency, float energy)
    {
        state[0] = ((state[0] + 1) * latency) - 1;
        state[1] = ((state[1] + 1) * energy) - 1;
    }

    float Reward(ReadOnlySpan<float> state, float meanExit, float meanExitSatisfied, RewardFunction reward)
    {
        Requirements bounds = Origin!.Bounds;
        return (float)reward.Reward(new Observation
        {
            LatencyMs = double.IsPositiveInfinity(bounds.LatencyMs) ? 0 : (state[0] + 1) * bounds.LatencyMs,
            EnergyJ = double.IsPositiveInfinity(bounds.EnergyJ) ? 0 : (state[1] + 1) * bounds.EnergyJ,
            MeanExit = meanExit,
            // An interval that was outside there may be inside here; then all of its tasks count.
            MeanExitSatisfied = float.IsNaN(meanExitSatisfied) ? meanExit : meanExitSatisfied,
            Requirements = bounds,
        });
    }
}
