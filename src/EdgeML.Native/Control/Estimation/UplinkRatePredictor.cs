using System.Numerics;
using System.Runtime.CompilerServices;
using EdgeML.Native.Numerics;

namespace EdgeML.Native.Control.Estimation;

/// <summary>Predicts the distribution of the next uplink rate from measurements of transfers and probes (equations 20 to 22 of
/// docs/reference/control.md).</summary>
/// <remarks>
/// A link either stays where it was last seen, give or take, or goes somewhere it has been before. How long it stays and how much it
/// wanders meanwhile are not known: sixteen experts, each with its own holding time and spread, predict every measurement, and are believed
/// as their predictions deserve. A steady link is soon known within a few percent, a mobile one by how it is distributed. Rates are in
/// octaves of kbit/s. Allocates nothing.
/// </remarks>
sealed class UplinkRatePredictor
{
    /// <summary>Cells per octave of rate: a cell is 9 % wide, less than rates vary.</summary>
    const int PerOctave = 8;

    /// <summary>Lowest rate, octaves of kbit/s: 4 kbit/s. With the number of octaves the range ends at 8 Gbit/s.</summary>
    const double LowestOctave = 2;
    const int Octaves = 21;

    /// <summary>Ends of cells.</summary>
    const int Edges = (Octaves * PerOctave) + 1;

    /// <summary>1 / sqrt(2 pi).</summary>
    const double GaussianPeak = 0.399;

    /// <summary>The experts: seconds that a link stays, and octaves per second that it drifts meanwhile.</summary>
    static readonly double[] s_holdSeconds = [0.3, 2, 12, 60];
    static readonly double[] s_spreads = [0.08, 0.3, 1, 3];

    /// <summary>Weights of the experts at first: most links are steady.</summary>
    static readonly double[] s_holdPrior = [0.05, 0.15, 0.3, 0.5];
    static readonly double[] s_spreadPrior = [0.3, 0.4, 0.2, 0.1];

    readonly double[] _weights = new double[s_holdSeconds.Length * s_spreads.Length];
    readonly double[] _history = new double[Edges];
    readonly double[] _survival = new double[Edges];
    readonly double[] _historySurvival = new double[Edges];
    double _lastOctave = EstimationDefaults.AssumedOctave;
    bool _delayed;
    double _returnCount = 1;
    double _stayCount = 1;
    double _lastTime = double.NaN;
    double _now;
    double _total;
    bool _stale = true;

    public UplinkRatePredictor()
    {
        for (int expert = 0; expert < _weights.Length; expert++)
            _weights[expert] = s_holdPrior[expert / s_spreads.Length] * s_spreadPrior[expert % s_spreads.Length];
        AddToHistory(EstimationDefaults.AssumedOctave, EstimationDefaults.AssumedSeconds);
    }

    /// <summary>Measurements so far.</summary>
    public long Count { get; private set; }

    /// <summary>The rate that is exceeded as often as not, in bits per second.</summary>
    public double MedianRate { get; private set; } = EstimationDefaults.AssumedRate;

    /// <summary>When something was last measured, seconds; NaN before.</summary>
    public double LastTime => _lastTime;

    /// <summary>A delayed transfer has ended: its mean rate, the last one measured, tells little about the link now. How often the link is then back
    /// where it has been, and how often as slow as that rate, is learned (equation 22 of docs/reference/control.md).</summary>
    public void MarkDelayed() => (_delayed, _stale) = (true, true);

    /// <summary>The next measurement is of another link: it tells nothing about how this one moves.</summary>
    public void Restart() => (Count, _delayed, _lastTime, _stale) = (0, false, double.NaN, true);

    /// <summary>Takes a measurement.</summary>
    /// <returns>Whether it is far enough from the last one to plan again.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Observe(double rate, double time)
    {
        if (!(rate > 0) || double.IsInfinity(rate)) return false;
        double octave = Math.Clamp(Math.Log2(rate / Kilo), LowestOctave, LowestOctave + Octaves);
        bool far = Count > 0 && Math.Abs(octave - _lastOctave) > EstimationDefaults.FarOctaves;
        double elapsed = double.IsNaN(_lastTime) ? 1 : Math.Max(0, time - _lastTime);
        if (Count > 0 && _delayed) UpdateReturns(octave, elapsed);
        else if (Count > 0) UpdateWeights(octave, elapsed);
        _delayed = false;
        double kept = Math.Exp(-elapsed / EstimationDefaults.MemorySeconds);
        for (int i = 0; i < Edges; i++) _history[i] *= kept;
        AddToHistory(octave, Math.Clamp(elapsed, EstimationDefaults.LeastObservedSeconds, EstimationDefaults.MostObservedSeconds));
        (_lastOctave, _lastTime, _stale) = (octave, double.IsNaN(_lastTime) ? time : Math.Max(time, _lastTime), true);
        Count++;
        return far;
    }

    /// <summary>Prepares answers for a moment.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Refresh(double now)
    {
        if (!_stale && Math.Abs(now - _now) < EstimationDefaults.SameMomentSeconds) return;
        if (_stale)
        {
            double total = 0;
            for (int i = Edges - 1; i >= 0; i--) _historySurvival[i] = total += _history[i];
            _total = total;
        }
        (_now, _stale) = (now, false);
        double elapsed = double.IsNaN(_lastTime) ? 0 : Math.Max(0, now - _lastTime);
        double keeps = _delayed ? _stayCount / (_returnCount + _stayCount) : 1;
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
        Scale(_historySurvival, leaves / _total, _survival);
        double at = (_lastOctave - LowestOctave) * PerOctave, step = SpreadGrowth(elapsed) * PerOctave;
        for (int s = 0; s < stays.Length; s++)
        {
            double cells = s_spreads[s] * step, reach = EstimationDefaults.StayDeviations * cells;
            int from = Math.Clamp((int)(at - reach), 0, Edges), to = Math.Clamp((int)(at + reach) + 1, from, Edges);
            Add(_survival.AsSpan(0, from), stays[s]);
            double perCell = 1 / cells;
            for (int i = from; i < to; i++) _survival[i] += stays[s] * NormalDistribution.Cdf((at - i) * perCell); // (20)
        }
        MedianRate = Kilo * Math.Pow(2, Median());
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

    /// <summary>The probability that a transfer runs at a rate, in bits per second, or a higher one.</summary>
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
    void UpdateWeights(double octave, double elapsed)
    {
        double elsewhere = HistoryDensity(octave), sum = 0;
        for (int expert = 0; expert < _weights.Length; expert++)
        {
            double holds = Math.Exp(-elapsed / s_holdSeconds[expert / s_spreads.Length]);
            double here = StayDensity(octave, expert, elapsed);
            sum += _weights[expert] *= Math.Pow((holds * here) + ((1 - holds) * elsewhere), EstimationDefaults.Temper); // (21)
        }
        for (int expert = 0; expert < _weights.Length; expert++)
            _weights[expert] = EstimationDefaults.LeastExpertWeight + ((1 - (EstimationDefaults.LeastExpertWeight * _weights.Length)) * _weights[expert] / sum);
    }

    /// <summary>Counts, after a delayed transfer, whether the link returned to where it has been or stayed slow (equation 22).</summary>
    void UpdateReturns(double octave, double elapsed)
    {
        double back = _returnCount * HistoryDensity(octave), still = 0;
        for (int expert = 0; expert < _weights.Length; expert++) still += _stayCount * _weights[expert] * StayDensity(octave, expert, elapsed);
        back /= back + still;
        (_returnCount, _stayCount) = ((EstimationDefaults.ReturnsKept * _returnCount) + back, (EstimationDefaults.ReturnsKept * _stayCount) + 1 - back); // (22)
    }

    /// <summary>Density of a rate by where the link has been, with a little of the uniform density.</summary>
    double HistoryDensity(double octave)
    {
        double total = 0, near = 0;
        for (int i = 0; i < Edges; i++) total += _history[i];
        int cell = (int)((octave - LowestOctave) * PerOctave);
        const int Reach = EstimationDefaults.HistoryReach, Cells = (2 * Reach) + 1;
        for (int i = Math.Max(0, cell - Reach); i < Math.Min(Edges, cell + Reach + 1); i++) near += _history[i];
        return ((1 - EstimationDefaults.UniformShare) * near / total * PerOctave / Cells) + (EstimationDefaults.UniformShare / Octaves);
    }

    /// <summary>Density of a rate where the link was last seen, by one expert's spread.</summary>
    double StayDensity(double octave, int expert, double elapsed)
    {
        double spread = s_spreads[expert % s_spreads.Length] * SpreadGrowth(elapsed);
        double deviations = (octave - _lastOctave) / spread;
        return GaussianPeak / spread * Math.Exp(-0.5 * Math.Min(deviations * deviations, EstimationDefaults.MostSquaredDeviations));
    }

    /// <summary>The logarithm of a positive rate in octaves of kbit/s, from a table: a plan asks for some hundred.</summary>
    static double OctaveOf(double rate)
    {
        long bits = BitConverter.DoubleToInt64Bits(rate);
        int exponent = (int)(bits >> FractionBits) - ExponentBias;
        int cell = (int)(bits >> RestBits) & ((1 << MantissaBits) - 1);
        double into = (bits & ((1L << RestBits) - 1)) * (1.0 / (1L << RestBits));
        return exponent + s_logs[cell] + (into * (s_logs[cell + 1] - s_logs[cell])) - s_kilo;
    }

    /// <summary>Layout of a double (IEEE 754), and how many of its fraction's bits choose a cell of the table.</summary>
    const int FractionBits = 52, ExponentBias = 1023, MantissaBits = 7, RestBits = FractionBits - MantissaBits;

    /// <summary>Bits per kilobit.</summary>
    const double Kilo = 1000;

    static readonly double[] s_logs =
        [.. Enumerable.Range(0, (1 << MantissaBits) + 1).Select(i => Math.Log2(1 + ((double)i / (1 << MantissaBits))))];

    static readonly double s_kilo = Math.Log2(Kilo);

    /// <summary>How far a rate wanders grows with the root of time; two transfers in a row still differ a little.</summary>
    static double SpreadGrowth(double elapsed) => Math.Sqrt(Math.Min(elapsed, EstimationDefaults.MostSpreadSeconds) + EstimationDefaults.LeastSpreadSeconds);

    void AddToHistory(double octave, double seconds)
    {
        int cell = Math.Clamp((int)Math.Round((octave - LowestOctave) * PerOctave), 1, Edges - 2);
        _history[cell - 1] += EstimationDefaults.NextCellShare * seconds;
        _history[cell] += EstimationDefaults.OwnCellShare * seconds;
        _history[cell + 1] += EstimationDefaults.NextCellShare * seconds;
    }
}
