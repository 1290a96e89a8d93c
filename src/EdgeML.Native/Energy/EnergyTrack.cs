namespace EdgeML.Native.Energy;

/// <summary>Energy over time from samples of a sensor: straight lines between them. Any thread; allocates nothing.</summary>
/// <remarks>
/// A counter that moves in steps is known only where it moved, so a reading equal to the last one is no sample until it has stood
/// longer than steps take. After the last sample, and before the first one still held, energy continues at the nearest rate: a task
/// shorter than the steps gets the mean power of the step before.
/// </remarks>
/// <param name="capacity">Samples held, at least 2.</param>
/// <param name="longestStep">How long a value may stand and still be on its way to the next, in ticks; 0 for a value that never
/// does.</param>
sealed class EnergyTrack(int capacity, long longestStep)
{
    readonly Lock _gate = new();
    readonly long[] _ticks = new long[capacity];
    readonly double[] _joules = new double[capacity];
    int _next;
    int _count;

    /// <summary>Whether there is a rate: two samples.</summary>
    public bool HasRate
    {
        get
        {
            lock (_gate) return _count >= 2;
        }
    }

    /// <summary>Takes a sample; times must grow.</summary>
    /// <param name="ticks">Of <see cref="System.Diagnostics.Stopwatch"/>.</param>
    /// <param name="joules">Since any moment, never less than before.</param>
    public void Add(long ticks, double joules)
    {
        lock (_gate)
        {
            if (_count > 0)
            {
                int last = Slot(_count - 1);
                if (joules < _joules[last] || ticks <= _ticks[last]) return;
                if (joules == _joules[last] && ticks - _ticks[last] < longestStep) return;
            }
            (_ticks[_next], _joules[_next]) = (ticks, joules);
            _next = (_next + 1) % capacity;
            _count = Math.Min(_count + 1, capacity);
        }
    }

    /// <summary>Energy between two moments; NaN without a rate.</summary>
    public double Between(long from, long to)
    {
        lock (_gate) return _count < 2 ? double.NaN : At(to) - At(from);
    }

    double At(long ticks)
    {
        // The samples on both sides, or the two nearest to it at either end.
        (int low, int high) = (0, _count - 1);
        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            if (_ticks[Slot(middle)] <= ticks) low = middle;
            else high = middle;
        }
        (int before, int after) = (Slot(low), Slot(high));
        double rate = (_joules[after] - _joules[before]) / (_ticks[after] - _ticks[before]);
        return _joules[before] + (rate * (ticks - _ticks[before]));
    }

    /// <summary>Index of the sample that is the <paramref name="place"/>th oldest.</summary>
    int Slot(int place) => (_next - _count + place + capacity) % capacity;
}
