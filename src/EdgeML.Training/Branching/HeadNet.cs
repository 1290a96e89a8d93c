using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using EdgeML.Native.Numerics;
using EdgeML.Training.Numerics;

namespace EdgeML.Training.Branching;

/// <summary>The fully-connected layers of a head while they learn: ReLU and dropout between them. One thread at a time.</summary>
/// <remarks>
/// A layer is inputs x padded outputs, then the biases; the padding is zero and has no gradient, so it stays zero. A dropped value is 0
/// after its ReLU, so the ReLU's derivative carries the dropout back and no mask is kept.
/// </remarks>
sealed unsafe class HeadNet
{
    readonly int[] _sizes;
    readonly int[] _widths;
    readonly int[] _offsets;
    readonly float[][] _values;
    readonly float[][] _deltas;
    readonly DenseProduct _product = new();

    /// <param name="sizes">Features, hidden layers, classes.</param>
    /// <param name="rows">Most rows of one pass.</param>
    internal HeadNet(IReadOnlyList<int> sizes, int rows)
    {
        _sizes = [.. sizes];
        _widths = [.. sizes.Select((size, i) => i == 0 ? size : DenseProduct.Pad(size))];
        _offsets = new int[sizes.Count];
        for (int layer = 0; layer < Layers; layer++)
            _offsets[layer + 1] = _offsets[layer] + ((_widths[layer] + 1) * _widths[layer + 1]);
        Weights = Pinned(_offsets[^1]);
        Gradients = Pinned(_offsets[^1]);
        _values = [.. _widths.Select(width => Pinned(rows * width))];
        _deltas = [.. _widths.Select((width, i) => Pinned(i == 0 ? 0 : rows * width))];
    }

    internal int Layers => _sizes.Length - 1;

    internal float[] Weights { get; }

    /// <summary>The loss's gradient in every weight, after <see cref="Backward"/>.</summary>
    internal float[] Gradients { get; }

    internal Span<float> Input(int row) => _values[0].AsSpan(row * _widths[0], _widths[0]);

    internal ReadOnlySpan<float> Scores(int row) => _values[^1].AsSpan(row * _widths[^1], _sizes[^1]);

    /// <summary>The loss's gradient in the scores; to fill before <see cref="Backward"/>.</summary>
    internal Span<float> OutputGradientRow(int row) => _deltas[^1].AsSpan(row * _widths[^1], _sizes[^1]);

    /// <summary>Normal weights of variance 2 / inputs (He et al. 2015), biases zero.</summary>
    internal void Initialise(SeededRandom random)
    {
        for (int layer = 0; layer < Layers; layer++)
        {
            double deviation = Math.Sqrt(2.0 / _sizes[layer]);
            for (int input = 0; input < _sizes[layer]; input++)
                foreach (ref float weight in Weights.AsSpan(_offsets[layer] + (input * _widths[layer + 1]), _sizes[layer + 1]))
                    weight = (float)(deviation * random.Gaussian());
        }
    }

    /// <summary>Computes the scores of the first rows.</summary>
    /// <param name="rows">Filled before.</param>
    /// <param name="dropout">The values to drop after hidden layers, or null outside training.</param>
    internal void Forward(int rows, DropoutNoise? dropout)
    {
        fixed (float* weights = Weights)
        {
            for (int layer = 0; layer < Layers; layer++)
            {
                (int inputs, int width) = (_widths[layer], _widths[layer + 1]);
                fixed (float* from = _values[layer], to = _values[layer + 1])
                {
                    float* matrix = weights + _offsets[layer];
                    _product.Multiply(from, inputs, 1, matrix, width, 1, to, rows, width, inputs);
                    AddBiases(to, matrix + ((long)inputs * width), rows, width, relu: layer + 1 < Layers);
                    if (layer + 1 < Layers) dropout?.Apply(new Span<float>(to, rows * width));
                }
            }
        }
    }

    /// <summary>Carries the gradients of the scores back into <see cref="Gradients"/>, for the rows of the last
    /// <see cref="Forward"/>.</summary>
    /// <param name="rows">As in that call.</param>
    /// <param name="kept">Factor of the values that were not dropped.</param>
    internal void Backward(int rows, float kept)
    {
        fixed (float* weights = Weights, gradients = Gradients)
        {
            for (int layer = Layers - 1; layer >= 0; layer--)
            {
                (int inputs, int width) = (_widths[layer], _widths[layer + 1]);
                fixed (float* values = _values[layer], deltas = _deltas[layer + 1], inputDeltas = _deltas[layer])
                {
                    float* matrix = gradients + _offsets[layer];
                    _product.Multiply(values, 1, inputs, deltas, width, 1, matrix, inputs, width, rows);
                    SumRows(deltas, matrix + ((long)inputs * width), rows, width);
                    if (layer == 0) break;
                    _product.Multiply(deltas, width, 1, weights + _offsets[layer], 1, width, inputDeltas, rows, inputs, width);
                    Deactivate(values, inputDeltas, rows * inputs, kept);
                }
            }
        }
    }

    /// <summary>A layer's weights as outputs x inputs, and its biases.</summary>
    internal (float[] Weights, float[] Biases) Export(int layer)
    {
        (int inputs, int outputs, int width) = (_sizes[layer], _sizes[layer + 1], _widths[layer + 1]);
        var weights = new float[inputs * outputs];
        for (int input = 0; input < inputs; input++)
            for (int output = 0; output < outputs; output++)
                weights[(output * inputs) + input] = Weights[_offsets[layer] + (input * width) + output];
        return (weights, Weights.AsSpan(_offsets[layer] + (_widths[layer] * width), outputs).ToArray());
    }

    /// <summary>The reverse of <see cref="Export"/>.</summary>
    internal void Import(int layer, ReadOnlySpan<float> weights, ReadOnlySpan<float> biases)
    {
        (int inputs, int outputs, int width) = (_sizes[layer], _sizes[layer + 1], _widths[layer + 1]);
        for (int input = 0; input < inputs; input++)
            for (int output = 0; output < outputs; output++)
                Weights[_offsets[layer] + (input * width) + output] = weights[(output * inputs) + input];
        biases.CopyTo(Weights.AsSpan(_offsets[layer] + (_widths[layer] * width)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddBiases(float* values, float* biases, int rows, int width, bool relu)
    {
        for (int row = 0; row < rows; row++, values += width)
        {
            for (int column = 0; column < width; column += Vector<float>.Count)
            {
                Vector<float> sum = Vector.Load(values + column) + Vector.Load(biases + column);
                Vector.Store(relu ? Vector.Max(sum, Vector<float>.Zero) : sum, values + column);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Deactivate(float* values, float* deltas, int count, float kept)
    {
        var scale = new Vector<float>(kept);
        for (int i = 0; i < count; i += Vector<float>.Count)
        {
            Vector<float> delta = Vector.Load(deltas + i) * scale;
            Vector.Store(
                Vector.ConditionalSelect(Vector.GreaterThan(Vector.Load(values + i), Vector<float>.Zero), delta, Vector<float>.Zero),
                deltas + i);
        }
    }

    static void SumRows(float* rows, float* sums, int count, int width)
    {
        var sum = new Span<float>(sums, width);
        sum.Clear();
        for (int row = 0; row < count; row++) TensorPrimitives.Add(sum, new ReadOnlySpan<float>(rows + ((long)row * width), width), sum);
    }

    // Pinned, so that "fixed" costs nothing.
    static float[] Pinned(int length) => GC.AllocateArray<float>(length, pinned: true);
}
