using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Numerics;
using EdgeML.Native.Policies;

namespace EdgeML.Simulation.Baselines;

/// <summary>NSGA-III over the paper's actions with its three objectives, and the choice of one member to live by.</summary>
sealed class PolicySearch
{
    const int Latency = 0, Energy = 1, Inaccuracy = 2, Objectives = 3;

    readonly Nsga3 _search;
    readonly ActionCodec _codec;
    readonly float[] _action;

    public PolicySearch(CostModel model, int divisions, int seed)
    {
        _codec = new ActionCodec(model.SideExits, model.Candidates, ControlIntervals.MaxInterval);
        _action = new float[_codec.Size];
        _search = new Nsga3(new Nsga3Options { Divisions = divisions }, _codec.Size, Objectives, new SeededRandom(seed, stream: 5));
    }

    public Nsga3 Search => _search;

    public int Population => _search.Population;

    public ExitPolicy Policy(int member)
    {
        ReadOnlySpan<double> genes = _search.Genes(member);
        for (int i = 0; i < _action.Length; i++) _action[i] = (float)genes[i];
        return _codec.Decode(_action);
    }

    /// <summary>Sets the value of a member, or moves it there by a share.</summary>
    public void Score(int member, double latencyMs, double energyJ, double accuracy, double share = 1)
    {
        Span<double> values = _search.Values(member);
        if (share >= 1) values.Clear();
        values[Latency] += share * (latencyMs - values[Latency]);
        values[Energy] += share * (energyJ - values[Energy]);
        values[Inaccuracy] += share * (-accuracy - values[Inaccuracy]);
    }

    /// <summary>Of the parents inside both bounds the most accurate one, or else the one with the least sum of relative excesses.</summary>
    /// <remarks>Ties go to less latency, then less energy, so the choice is never dominated by another parent.</remarks>
    /// <param name="bounds">The bounds.</param>
    /// <param name="share">Share of them that counts as inside.</param>
    public int Choose(in Requirements bounds, double share)
    {
        int best = 0;
        for (int member = 1; member < Population; member++)
        {
            if (IsBetter(_search.Values(member), _search.Values(best), share * bounds.LatencyMs, share * bounds.EnergyJ)) best = member;
        }
        return best;
    }

    static bool IsBetter(ReadOnlySpan<double> one, ReadOnlySpan<double> other, double boundMs, double boundJ)
    {
        double excess = Excess(one, boundMs, boundJ), otherExcess = Excess(other, boundMs, boundJ);
        if (excess != otherExcess) return excess < otherExcess;
        if (one[Inaccuracy] != other[Inaccuracy]) return one[Inaccuracy] < other[Inaccuracy];
        return one[Latency] != other[Latency] ? one[Latency] < other[Latency] : one[Energy] < other[Energy];
    }

    static double Excess(ReadOnlySpan<double> values, double boundMs, double boundJ) =>
        Math.Max(0, (values[Latency] / boundMs) - 1) + Math.Max(0, (values[Energy] / boundJ) - 1);
}
