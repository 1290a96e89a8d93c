using System.Numerics;
using System.Runtime.CompilerServices;
using EdgeML.Native.Numerics;

namespace EdgeML.Native.Control.Estimation;

/// <summary>How likely the uplink is to carry a given rate next, learned from what transfers and probes measured.</summary>
/// <remarks>
/// A link either stays where it was last seen, give or take, or goes somewhere it has been before. How long it stays and how much it
/// wanders meanwhile are not known: sixteen experts, each with its own holding time and spread, predict every measurement, and are believed
/// as their predictions deserve. A steady link is soon known within a few percent, a mobile one by how it is distributed. Rates are in
/// octaves of kbit/s. Allocates nothing.
/// </remarks>
sealed class UplinkRatePredictor
{
    const int PerOctave = 8;
    const double LowestOctave = 2;
    const int Octaves = 21;
    const int Edges = (Octaves * PerOctave) + 1;

    /// <summary>Assumed until something is measured: 10 Mbit/s, taken as lightly as a tenth of a second.</summary>
    const double AssumedOctave = 13.3, AssumedSeconds = 0.1;

    /// <summary>A third more or a quarter less.</summary>
    const double FarOctaves = 0.4;

    /// <summary>Seconds after which what a link did counts only a third.</summary>
    const double MemorySeconds = 60;

    /// <summary>Measurements in a row resemble each other, so each counts as a third of one.</summary>
    const double Temper = 0.3;

    /// <summary>Share of its weight an expert keeps for good, so that another one can take over.</summary>
    const double LeastWeight = 0.002;

    /// <summary>What earlier returns still count at each one.</summary>
    const double KeptOfReturns = 0.9;

    /// <summary>Seconds a link stays, and octaves it wanders in a second meanwhile.</summary>
    static readonly double[] s_holdSeconds = [0.3, 2, 12, 60];
    static readonly double[] s_spreads = [0.08, 0.3, 1, 3];

    /// <summary>How each is believed at first: most links keep still.</summary>
    static readonly double[] s_holdPrior = [0.05, 0.15, 0.3, 0.5];
    static readonly double[] s_spreadPrior = [0.3, 0.4, 0.2, 0.1];

    readonly double[] _weights = new double[s_holdSeconds.Length * s_spreads.Length];
    readonly double[] _mass = new double[Edges];
    readonly double[] _survival = new double[Edges];
    readonly double[] _history = new double[Edges];
    double _last = AssumedOctave;
    bool _unsettled;
    double _returned = 1;
    double _stayed = 1;
    double _lastTime = double.NaN;
    double _now;
    double _total;
    bool _stale = true;

    public UplinkRatePredictor()
    {
        for (int expert = 0; expert < _weights.Length; expert++)
            _weights[expert] = s_holdPrior[expert / s_spreads.Length] * s_spreadPrior[expert % s_spreads.Length];
        Spread(AssumedOctave, AssumedSeconds);
    }

    /// <summary>Measurements so far.</summary>
    public long Count { get; private set; }

    /// <summary>The rate that is exceeded as often as not, bits a second.</summary>
    public double MedianRate { get; private set; } = 10e6;

    /// <summary>When something was last measured, seconds; NaN before.</summary>
    public double LastTime => _lastTime;

    /// <summary>Something that was late is through: whatever held it up may have passed, and its mean rate, the last one measured, says little
    /// of the link now. How often the link is then back where it has been, and how often it is as slow as that rate, is learned.</summary>
    public void Unsettle() => (_unsettled, _stale) = (true, true);

    /// <summary>Takes a measurement.</summary>
    /// <returns>Whether it is so far off the last one that plans should be made anew.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Observe(double rate, double time)
    {
        if (!(rate > 0) || double.IsInfinity(rate)) return false;
        double octave = Math.Clamp(Math.Log2(rate / 1000), LowestOctave, LowestOctave + Octaves);
        bool far = Count > 0 && Math.Abs(octave - _last) > FarOctaves;
        double elapsed = double.IsNaN(_lastTime) ? 1 : Math.Max(0, time - _lastTime);
        if (Count > 0 && _unsettled) JudgeReturn(octave, elapsed);
        else if (Count > 0) Judge(octave, elapsed);
        _unsettled = false;
        double kept = Math.Exp(-elapsed / MemorySeconds);
        for (int i = 0; i < Edges; i++) _mass[i] *= kept;
        Spread(octave, Math.Clamp(elapsed, 0.02, 1));
        (_last, _lastTime, _stale) = (octave, double.IsNaN(_lastTime) ? time : Math.Max(time, _lastTime), true);
        Count++;
        return far;
    }

    /// <summary>Prepares answers for a moment.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Refresh(double now)
    {
        if (!_stale && Math.Abs(now - _now) < 1e-4) return;
        if (_stale)
        {
            double total = 0;
            for (int i = Edges - 1; i >= 0; i--) _history[i] = total += _mass[i];
            _total = total;
        }
        (_now, _stale) = (now, false);
        double elapsed = double.IsNaN(_lastTime) ? 0 : Math.Max(0, now - _lastTime);
        double keeps = _unsettled ? _stayed / (_returned + _stayed) : 1;
        Span<double> stays = stackalloc double[s_spreads.Length];
        stays.Clear();
        double leaves = 0;
        for (int hold = 0; hold < s_holdSeconds.Length; hold++)
        {
            double holds = keeps * Math.Exp(-elapsed / s_holdSeconds[hold]);
            for (int spread = 0; spread < stays.Length; spread++)
            {
                double weight = _weights[(hold * stays.Length) + spread];
                stays[spread] += weight * holds;
                leaves += weight * (1 - holds);
            }
        }
        Scale(_history, leaves / _total, _survival);
        double at = (_last - LowestOctave) * PerOctave, step = Step(elapsed) * PerOctave;
        for (int s = 0; s < stays.Length; s++)
        {
            // Four deviations away it is all or nothing.
            double cells = s_spreads[s] * step;
            int from = Math.Clamp((int)(at - (4 * cells)), 0, Edges), to = Math.Clamp((int)(at + (4 * cells)) + 1, from, Edges);
            Add(_survival.AsSpan(0, from), stays[s]);
            double perCell = 1 / cells;
            for (int i = from; i < to; i++) _survival[i] += stays[s] * NormalDistribution.Cdf((at - i) * perCell);
        }
        MedianRate = 1000 * Math.Pow(2, Median());
    }

    double Median()
    {
        // Survival falls from one end to the other.
        int middle = 0, beyond = Edges;
        while (beyond - middle > 1)
        {
            int probe = (middle + beyond) / 2;
            if (_survival[probe] >= 0.5) middle = probe;
            else beyond = probe;
        }
        double median = LowestOctave + ((double)middle / PerOctave);
        // Within its cell the median lies where the line between its ends crosses one half.
        if (beyond < Edges && _survival[middle] > _survival[beyond])
            median += Math.Clamp((_survival[middle] - 0.5) / (_survival[middle] - _survival[beyond]), 0, 1) / PerOctave;
        return median;
    }

    static void Scale(ReadOnlySpan<double> values, double factor, Span<double> scaled)
    {
        int i = 0;
        var by = new Vector<double>(factor);
        for (; i + Vector<double>.Count <= values.Length; i += Vector<double>.Count)
            (new Vector<double>(values[i..]) * by).CopyTo(scaled[i..]);
        for (; i < values.Length; i++) scaled[i] = values[i] * factor;
    }

    static void Add(Span<double> values, double summand)
    {
        int i = 0;
        var all = new Vector<double>(summand);
        for (; i + Vector<double>.Count <= values.Length; i += Vector<double>.Count)
            (new Vector<double>(values[i..]) + all).CopyTo(values[i..]);
        for (; i < values.Length; i++) values[i] += summand;
    }

    /// <summary>The probability that a transfer runs at a rate, bits a second, or a higher one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public double ShareAbove(double rate)
    {
        double at = (OctaveOf(rate) - LowestOctave) * PerOctave;
        if (!(at > 0)) return 1;
        if (at >= Edges - 1) return 0;
        int cell = (int)at;
        return _survival[cell] + ((at - cell) * (_survival[cell + 1] - _survival[cell]));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Judge(double octave, double elapsed)
    {
        double elsewhere = Elsewhere(octave), sum = 0;
        for (int expert = 0; expert < _weights.Length; expert++)
        {
            double holds = Math.Exp(-elapsed / s_holdSeconds[expert / s_spreads.Length]);
            double here = Here(octave, expert, elapsed);
            sum += _weights[expert] *= Math.Pow((holds * here) + ((1 - holds) * elsewhere), Temper);
        }
        for (int expert = 0; expert < _weights.Length; expert++)
            _weights[expert] = LeastWeight + ((1 - (LeastWeight * _weights.Length)) * _weights[expert] / sum);
    }

    /// <summary>Which of the two a link that was unsettled turned out to do, as far as the measurement tells.</summary>
    void JudgeReturn(double octave, double elapsed)
    {
        double back = _returned * Elsewhere(octave), still = 0;
        for (int expert = 0; expert < _weights.Length; expert++) still += _stayed * _weights[expert] * Here(octave, expert, elapsed);
        back /= back + still;
        (_returned, _stayed) = ((KeptOfReturns * _returned) + back, (KeptOfReturns * _stayed) + 1 - back);
    }

    /// <summary>Density of a rate where the link has been; nothing is impossible, so a little of the whole range is mixed in.</summary>
    double Elsewhere(double octave)
    {
        double total = 0, near = 0;
        for (int i = 0; i < Edges; i++) total += _mass[i];
        int cell = (int)((octave - LowestOctave) * PerOctave);
        for (int i = Math.Max(0, cell - 2); i < Math.Min(Edges, cell + 3); i++) near += _mass[i];
        return (0.95 * near / total * PerOctave / 5) + (0.05 / Octaves);
    }

    /// <summary>Density of a rate where the link was last seen, by one expert's spread.</summary>
    double Here(double octave, int expert, double elapsed)
    {
        double spread = s_spreads[expert % s_spreads.Length] * Step(elapsed);
        double deviations = (octave - _last) / spread;
        return 0.399 / spread * Math.Exp(-0.5 * Math.Min(deviations * deviations, 200));
    }

    /// <summary>The logarithm of a positive rate in octaves of kbit/s, from a table: a plan asks for some hundred.</summary>
    static double OctaveOf(double rate)
    {
        long bits = BitConverter.DoubleToInt64Bits(rate);
        int exponent = (int)(bits >> 52) - 1023;
        int cell = (int)(bits >> (52 - MantissaBits)) & ((1 << MantissaBits) - 1);
        double into = (bits & ((1L << (52 - MantissaBits)) - 1)) * (1.0 / (1L << (52 - MantissaBits)));
        return exponent + s_logs[cell] + (into * (s_logs[cell + 1] - s_logs[cell])) - s_kilo;
    }

    const int MantissaBits = 7;

    static readonly double[] s_logs =
        [.. Enumerable.Range(0, (1 << MantissaBits) + 1).Select(i => Math.Log2(1 + ((double)i / (1 << MantissaBits))))];

    static readonly double s_kilo = Math.Log2(1000);

    /// <summary>How far a rate wanders grows with the root of time; two transfers in a row differ a little all the same.</summary>
    static double Step(double elapsed) => Math.Sqrt(Math.Min(elapsed, 4) + 0.05);

    void Spread(double octave, double seconds)
    {
        int cell = Math.Clamp((int)Math.Round((octave - LowestOctave) * PerOctave), 1, Edges - 2);
        _mass[cell - 1] += 0.25 * seconds;
        _mass[cell] += 0.5 * seconds;
        _mass[cell + 1] += 0.25 * seconds;
    }
}
