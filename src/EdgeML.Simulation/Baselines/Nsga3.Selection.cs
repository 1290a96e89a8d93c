namespace EdgeML.Simulation.Baselines;

sealed partial class Nsga3
{
    /// <summary>Weight of the other axes when the member furthest along one is sought.</summary>
    const double OffAxis = 1e6;

    /// <summary>A value this close to the ideal counts as on it when extremes are sought.</summary>
    const double OnIdeal = 1e-3;

    const double LeastRange = 1e-6;

    readonly double[] _directions;
    readonly NondominatedSort _sort;
    readonly int[] _survivors;
    readonly double[] _keptGenes;
    readonly double[] _keptValues;
    readonly long[] _stamps;
    readonly long[] _keptStamps;
    readonly int[] _direction;
    readonly double[] _distance;
    readonly int[] _counts;
    readonly double[] _ideal;
    readonly double[] _worst;
    readonly double[] _nadir;
    readonly double[] _extremes;
    readonly double[] _newExtremes;
    readonly double[] _plane;

    /// <summary>Forgets the scale of the values: they mean something else from now on.</summary>
    public void Forget()
    {
        Array.Fill(_ideal, double.PositiveInfinity);
        Array.Fill(_worst, double.NegativeInfinity);
        Array.Fill(_extremes, double.PositiveInfinity);
    }

    /// <summary>Keeps P of parents and children: whole fronts, and of the front that does not fit the members that keep the
    /// directions even.</summary>
    public void Select()
    {
        int all = 2 * Population;
        int fronts = _sort.Rank(_values, all);
        int kept = 0;
        for (int front = 0; front < fronts && kept < Population; front++)
        {
            int size = 0;
            foreach (int of in _sort.Front.AsSpan(0, all)) size += of == front ? 1 : 0;
            if (kept + size > Population)
            {
                Normalise(all);
                Associate(all);
                kept = Fill(front, kept);
            }
            else
            {
                for (int member = 0; member < all; member++)
                {
                    if (_sort.Front[member] == front) _survivors[kept++] = member;
                }
            }
        }
        Keep();
    }

    void Normalise(int all)
    {
        int axes = _objectives;
        for (int member = 0; member < all; member++)
        {
            for (int axis = 0; axis < axes; axis++)
            {
                double value = _values[(member * axes) + axis];
                _ideal[axis] = Math.Min(_ideal[axis], value);
                _worst[axis] = Math.Max(_worst[axis], value);
            }
        }
        // Extreme points: for each axis the member of the first front, or the extreme of before, closest to the ideal on all others.
        for (int axis = 0; axis < axes; axis++)
        {
            Span<double> extreme = _newExtremes.AsSpan(axis * axes, axes);
            double least = double.PositiveInfinity;
            for (int old = 0; old < axes; old++) Offer(_extremes.AsSpan(old * axes, axes), axis, extreme, ref least);
            for (int member = 0; member < all; member++)
            {
                if (_sort.Front[member] == 0) Offer(Values(member), axis, extreme, ref least);
            }
        }
        _newExtremes.CopyTo(_extremes, 0);
        if (!Intercepts()) WorstOf(all, firstFrontOnly: true, everyAxis: true);
        WorstOf(all, firstFrontOnly: false, everyAxis: false);
    }

    void Offer(ReadOnlySpan<double> point, int axis, Span<double> extreme, ref double least)
    {
        if (double.IsPositiveInfinity(point[0])) return;
        double achieved = double.NegativeInfinity;
        for (int i = 0; i < point.Length; i++)
        {
            double above = point[i] - _ideal[i];
            achieved = Math.Max(achieved, (above < OnIdeal ? 0 : above) * (i == axis ? 1 : OffAxis));
        }
        if (achieved >= least) return;
        least = achieved;
        point.CopyTo(extreme);
    }

    /// <summary>Where the plane through the extreme points meets the axes; false where there is no such plane.</summary>
    bool Intercepts()
    {
        int axes = _objectives, width = axes + 1;
        for (int row = 0; row < axes; row++)
        {
            for (int column = 0; column < axes; column++)
                _plane[(row * width) + column] = _extremes[(row * axes) + column] - _ideal[column];
            _plane[(row * width) + axes] = 1;
        }
        for (int column = 0; column < axes; column++)
        {
            int pivot = column;
            for (int row = column + 1; row < axes; row++)
            {
                if (Math.Abs(_plane[(row * width) + column]) > Math.Abs(_plane[(pivot * width) + column])) pivot = row;
            }
            if (Math.Abs(_plane[(pivot * width) + column]) < 1e-12) return false;
            for (int i = 0; i < width; i++)
                (_plane[(column * width) + i], _plane[(pivot * width) + i]) = (_plane[(pivot * width) + i], _plane[(column * width) + i]);
            for (int row = 0; row < axes; row++)
            {
                if (row == column) continue;
                double factor = _plane[(row * width) + column] / _plane[(column * width) + column];
                for (int i = column; i < width; i++) _plane[(row * width) + i] -= factor * _plane[(column * width) + i];
            }
        }
        for (int axis = 0; axis < axes; axis++)
        {
            double intercept = _plane[(axis * width) + axis] / _plane[(axis * width) + axes];
            if (!(intercept > LeastRange) || double.IsInfinity(intercept)) return false;
            _nadir[axis] = Math.Min(_ideal[axis] + intercept, _worst[axis]);
        }
        return true;
    }

    /// <summary>Puts the worst value of the members on every axis, or only on those whose range has vanished, into the nadir.</summary>
    void WorstOf(int all, bool firstFrontOnly, bool everyAxis)
    {
        for (int axis = 0; axis < _objectives; axis++)
        {
            if (!everyAxis && _nadir[axis] - _ideal[axis] > LeastRange) continue;
            double worst = double.NegativeInfinity;
            for (int member = 0; member < all; member++)
            {
                if (!firstFrontOnly || _sort.Front[member] == 0) worst = Math.Max(worst, _values[(member * _objectives) + axis]);
            }
            _nadir[axis] = worst;
        }
    }

    /// <summary>Finds each member's closest reference line, by perpendicular distance in the normalised space.</summary>
    void Associate(int all)
    {
        Span<double> point = stackalloc double[_objectives];
        for (int member = 0; member < all; member++)
        {
            for (int axis = 0; axis < point.Length; axis++)
                point[axis] = (_values[(member * _objectives) + axis] - _ideal[axis]) / Math.Max(_nadir[axis] - _ideal[axis], 1e-12);
            (_direction[member], _distance[member]) = (0, double.PositiveInfinity);
            for (int line = 0; line < Directions; line++)
            {
                (double along, double norm, double square) = (0, 0, 0);
                for (int axis = 0; axis < point.Length; axis++)
                {
                    double way = _directions[(line * _objectives) + axis];
                    along += way * point[axis];
                    norm += way * way;
                    square += point[axis] * point[axis];
                }
                double distance = Math.Sqrt(Math.Max(0, square - (along * along / norm)));
                if (distance < _distance[member]) (_direction[member], _distance[member]) = (line, distance);
            }
        }
    }

    /// <summary>Niching: fills up from one front, always along a reference line with the fewest members.</summary>
    int Fill(int front, int kept)
    {
        Array.Clear(_counts);
        for (int i = 0; i < kept; i++) _counts[_direction[_survivors[i]]]++;
        Span<int> open = stackalloc int[2 * Population];
        int left = 0;
        for (int member = 0; member < open.Length; member++)
        {
            if (_sort.Front[member] == front) open[left++] = member;
        }
        for (; kept < Population; kept++)
        {
            int fewest = int.MaxValue, ties = 0, line = 0;
            for (int i = 0; i < left; i++) fewest = Math.Min(fewest, _counts[_direction[open[i]]]);
            // Any of the emptiest lines that still has members, each with the same chance per member.
            for (int i = 0; i < left; i++)
            {
                if (_counts[_direction[open[i]]] == fewest && _random.Below(++ties) == 0) line = _direction[open[i]];
            }
            int chosen = -1;
            int mates = 0;
            for (int i = 0; i < left; i++)
            {
                if (_direction[open[i]] != line) continue;
                bool takes = fewest == 0 ? chosen < 0 || _distance[open[i]] < _distance[open[chosen]] : _random.Below(++mates) == 0;
                if (takes) chosen = i;
            }
            _survivors[kept] = open[chosen];
            _counts[line]++;
            open[chosen] = open[--left];
        }
        return kept;
    }

    void Keep()
    {
        for (int i = 0; i < Population; i++)
        {
            Genes(_survivors[i]).CopyTo(_keptGenes.AsSpan(i * _variables));
            Values(_survivors[i]).CopyTo(_keptValues.AsSpan(i * _objectives));
            _keptStamps[i] = _stamps[_survivors[i]];
        }
        _keptGenes.CopyTo(_genes, 0);
        _keptValues.CopyTo(_values, 0);
        _keptStamps.CopyTo(_stamps, 0);
    }
}
