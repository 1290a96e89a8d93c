using EdgeML.Native.Numerics;

namespace EdgeML.Simulation.Baselines;

/// <summary>NSGA-III (Deb and Jain 2014) over variables in 0..1: the caller breeds, evaluates the children and selects.</summary>
/// <remarks>
/// Members 0..P-1 are the parents, P..2P-1 the children; values of all must be set before <see cref="Select"/>. Nothing is allocated after
/// construction. The same seed and values give the same members.
/// </remarks>
sealed partial class Nsga3
{
    /// <summary>Tries for a child unlike all others before it is drawn at random.</summary>
    const int MaxTries = 5;

    readonly Nsga3Options _options;
    readonly int _variables;
    readonly int _objectives;
    readonly SeededRandom _random;
    readonly double[] _genes;
    readonly double[] _values;
    readonly double[] _unborn;
    readonly double _mutationVariable;

    public Nsga3(Nsga3Options options, int variables, int objectives, SeededRandom random)
    {
        (_options, _variables, _objectives, _random) = (options, variables, objectives, random);
        _directions = ReferenceDirections.DasDennis(objectives, options.Divisions);
        Directions = _directions.Length / objectives;
        Population = options.Population > 0 ? options.Population : Directions;
        _genes = new double[2 * Population * variables];
        _values = new double[2 * Population * objectives];
        _unborn = new double[variables];
        _mutationVariable = Math.Min(0.5, 1.0 / variables);
        _sort = new NondominatedSort(2 * Population, objectives);
        _survivors = new int[Population];
        (_keptGenes, _keptValues) = (new double[Population * variables], new double[Population * objectives]);
        (_direction, _distance, _counts) = (new int[2 * Population], new double[2 * Population], new int[Directions]);
        (_ideal, _worst, _nadir) = (new double[objectives], new double[objectives], new double[objectives]);
        (_extremes, _newExtremes) = (new double[objectives * objectives], new double[objectives * objectives]);
        _plane = new double[objectives * (objectives + 1)];
        _stamps = new long[2 * Population];
        _keptStamps = new long[Population];
        Forget();
        for (int member = 0; member < Population; member++) Draw(member);
    }

    /// <summary>P.</summary>
    public int Population { get; }

    public int Directions { get; }

    public Span<double> Genes(int member) => _genes.AsSpan(member * _variables, _variables);

    public Span<double> Values(int member) => _values.AsSpan(member * _objectives, _objectives);

    /// <summary>When a member was evaluated, in the driver's own count; it moves with the member.</summary>
    public ref long Stamp(int member) => ref _stamps[member];

    /// <summary>Makes P children from the parents.</summary>
    public void Breed()
    {
        for (int child = Population; child < 2 * Population; child += 2)
        {
            // Without constraints the tournament between two random members is a toss-up: one random member is as good.
            Genes(_random.Below(Population)).CopyTo(Genes(child));
            bool pair = child + 1 < 2 * Population;
            Span<double> second = pair ? Genes(child + 1) : _unborn;
            Genes(_random.Below(Population)).CopyTo(second);
            Cross(Genes(child), second);
            Finish(child);
            if (pair) Finish(child + 1);
        }
    }

    void Finish(int child)
    {
        if (_random.Uniform() < _options.MutationMember) Mutate(Genes(child));
        for (int attempt = 0; IsDuplicate(child); attempt++)
        {
            if (attempt < MaxTries) Mutate(Genes(child));
            else Draw(child);
        }
    }

    void Draw(int member)
    {
        foreach (ref double gene in Genes(member)) gene = _random.Uniform();
    }

    bool IsDuplicate(int child)
    {
        for (int member = 0; member < child; member++)
        {
            if (Genes(member).SequenceEqual(Genes(child))) return true;
        }
        return false;
    }

    /// <summary>Simulated binary crossover, bounded form; variables the two share stay.</summary>
    void Cross(Span<double> one, Span<double> other)
    {
        for (int i = 0; i < one.Length; i++)
        {
            if (_random.Uniform() >= _options.CrossoverVariable || Math.Abs(one[i] - other[i]) <= 1e-14) continue;
            (double low, double high) = (Math.Min(one[i], other[i]), Math.Max(one[i], other[i]));
            double draw = _random.Uniform(), span = high - low;
            double first = 0.5 * (low + high - (Spread(1 + (2 * low / span), draw) * span));
            double second = 0.5 * (low + high + (Spread(1 + (2 * (1 - high) / span), draw) * span));
            if (_random.Uniform() < 0.5) (first, second) = (second, first);
            (one[i], other[i]) = (Math.Clamp(first, 0, 1), Math.Clamp(second, 0, 1));
        }
    }

    double Spread(double beta, double draw)
    {
        double power = _options.CrossoverIndex + 1;
        double alpha = 2 - Math.Pow(beta, -power);
        return Math.Pow(draw <= 1 / alpha ? draw * alpha : 1 / (2 - (draw * alpha)), 1 / power);
    }

    /// <summary>Polynomial mutation, bounded form.</summary>
    void Mutate(Span<double> genes)
    {
        double power = _options.MutationIndex + 1;
        foreach (ref double gene in genes)
        {
            if (_random.Uniform() >= _mutationVariable) continue;
            double draw = _random.Uniform();
            double move = draw < 0.5
                ? Math.Pow((2 * draw) + ((1 - (2 * draw)) * Math.Pow(1 - gene, power)), 1 / power) - 1
                : 1 - Math.Pow((2 * (1 - draw)) + (((2 * draw) - 1) * Math.Pow(gene, power)), 1 / power);
            gene = Math.Clamp(gene + move, 0, 1);
        }
    }
}
