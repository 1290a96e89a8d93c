namespace EdgeML.Native.Imaging;

/// <summary>Which source pixels make up every new pixel of a row or column, and their weights: a triangle as wide as the source pixels that
/// a new one covers, at least two. Memory grows and stays.</summary>
sealed class ResizeTaps
{
    /// <summary>Weights add up to 1 &lt;&lt; this.</summary>
    internal const int Bits = 22;

    int[] _first = [];
    int[] _length = [];
    int[] _weights = [];
    double[] _exact = [];
    int _most;

    /// <summary>New pixels.</summary>
    internal int Outputs { get; private set; }

    /// <summary>First source pixel of a new one.</summary>
    internal int First(int output) => _first[output];

    /// <summary>Where the source pixels of the last new one end.</summary>
    internal int End => _first[Outputs - 1] + _length[Outputs - 1];

    /// <summary>Weights of the source pixels from <see cref="First"/> on.</summary>
    internal ReadOnlySpan<int> Weights(int output) => _weights.AsSpan(output * _most, _length[output]);

    /// <param name="size">Source pixels.</param>
    /// <param name="begin">Where the part that is taken begins, 0 or more.</param>
    /// <param name="extent">How long it is, in source pixels.</param>
    /// <param name="outputs">New pixels.</param>
    internal void Set(int size, float begin, float extent, int outputs)
    {
        double step = (double)extent / outputs, reach = Math.Max(step, 1), narrow = 1 / reach;
        Outputs = outputs;
        _most = Math.Min(size, (2 * (int)Math.Ceiling(reach)) + 1);
        if (_first.Length < outputs) (_first, _length) = (new int[outputs], new int[outputs]);
        if (_weights.Length < outputs * _most) _weights = new int[outputs * _most];
        if (_exact.Length < _most) _exact = new double[_most];
        for (int output = 0; output < outputs; output++)
        {
            double centre = begin + ((output + 0.5) * step);
            int first = Math.Max((int)(centre - reach + 0.5), 0), end = Math.Min((int)(centre + reach + 0.5), size);
            double sum = 0;
            for (int i = first; i < end; i++)
            {
                double weight = Math.Max(0, 1 - Math.Abs((i - centre + 0.5) * narrow));
                _exact[i - first] = weight;
                sum += weight;
            }
            (_first[output], _length[output]) = (first, end - first);
            for (int i = 0; i < end - first; i++)
                _weights[(output * _most) + i] = (int)((_exact[i] / sum * (1 << Bits)) + 0.5);
        }
    }
}
