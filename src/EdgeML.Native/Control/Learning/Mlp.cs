using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using EdgeML.Native.Numerics;

namespace EdgeML.Native.Control.Learning;

/// <summary>The activation of a layer.</summary>
enum Activation
{
    Linear = 0,
    Relu = 1,
    Sigmoid = 2,
}

/// <summary>A small fully-connected net with fixed buffers: forward and backward over a batch, no allocation after construction.</summary>
/// <remarks>
/// All weights lie in one array, layer after layer: in x padded-out weights, then padded-out biases. Padding is zero and its gradient
/// is zero, so it stays zero. Rows of inputs, outputs and their gradients are padded the same way. Not thread-safe.
/// </remarks>
sealed unsafe class Mlp
{
    readonly int[] _sizes;
    readonly int[] _padded;
    readonly int[] _offsets;
    readonly Activation[] _activations;
    readonly float[][] _values;
    readonly float[][] _deltas;
    readonly float[] _transposed;

    /// <param name="sizes">Input, hidden and output sizes.</param>
    /// <param name="activations">One per layer.</param>
    /// <param name="maxBatch">Most rows of one pass.</param>
    public Mlp(int[] sizes, Activation[] activations, int maxBatch)
    {
        (_sizes, _activations) = (sizes, activations);
        _padded = [.. sizes.Select(MatrixProduct.Pad)];
        int layers = sizes.Length - 1;
        _offsets = new int[layers + 1];
        for (int layer = 0; layer < layers; layer++) _offsets[layer + 1] = _offsets[layer] + ((sizes[layer] + 1) * _padded[layer + 1]);
        Weights = Pinned(_offsets[layers]);
        Gradients = Pinned(_offsets[layers]);
        _values = [.. _padded.Select(width => Pinned(maxBatch * width))];
        _deltas = [.. _padded.Select(width => Pinned(maxBatch * width))];
        _transposed = Pinned(_padded.Max() * _padded.Max());
    }

    /// <summary>Every weight and bias.</summary>
    public float[] Weights { get; }

    /// <summary>The loss's gradient in every weight, after <see cref="Backward"/>.</summary>
    public float[] Gradients { get; }

    /// <summary>A row to fill before <see cref="Forward"/>.</summary>
    public Span<float> InputRow(int row) => _values[0].AsSpan(row * _padded[0], _sizes[0]);

    /// <summary>Rows computed by <see cref="Forward"/>.</summary>
    public ReadOnlySpan<float> OutputRow(int row) => _values[^1].AsSpan(row * _padded[^1], _sizes[^1]);

    /// <summary>The loss's gradient in the outputs; to fill before <see cref="Backward"/>, columns after the output size stay 0.</summary>
    public Span<float> OutputGradientRow(int row) => _deltas[^1].AsSpan(row * _padded[^1], _sizes[^1]);

    /// <summary>The loss's gradient in the inputs, after <see cref="Backward"/> was asked for it.</summary>
    public ReadOnlySpan<float> InputGradientRow(int row) => _deltas[0].AsSpan(row * _padded[0], _sizes[0]);

    /// <summary>Weights uniform in +-1/sqrt(inputs) as Lillicrap et al. 2015, those of the last layer in +-<paramref
    /// name="last"/>.</summary>
    public void Initialise(SeededRandom random, float last = 3e-3f)
    {
        for (int layer = 0; layer + 1 < _sizes.Length; layer++)
        {
            float bound = layer + 2 == _sizes.Length ? last : 1 / MathF.Sqrt(_sizes[layer]);
            for (int input = 0; input <= _sizes[layer]; input++)
            {
                Span<float> row = Weights.AsSpan(_offsets[layer] + (input * _padded[layer + 1]), _sizes[layer + 1]);
                foreach (ref float weight in row) weight = random.Uniform(-bound, bound);
            }
        }
    }

    /// <summary>Computes the outputs of the first <paramref name="rows"/> input rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Forward(int rows)
    {
        fixed (float* weights = Weights)
        {
            for (int layer = 0; layer + 1 < _sizes.Length; layer++)
            {
                int width = _padded[layer + 1];
                float* matrix = weights + _offsets[layer];
                fixed (float* from = _values[layer])
                fixed (float* to = _values[layer + 1])
                {
                    float* biases = matrix + (_sizes[layer] * width);
                    MatrixProduct.Multiply(from, _padded[layer], 1, matrix, to, rows, width, _sizes[layer], biases);
                    Activate(_activations[layer], to, rows * width);
                }
            }
        }
    }

    /// <summary>Carries the gradients of the outputs back, for the rows of the last <see cref="Forward"/>.</summary>
    /// <param name="rows">As in that call.</param>
    /// <param name="weightGradients">Whether <see cref="Gradients"/> are wanted.</param>
    /// <param name="inputGradients">Whether the gradients of the inputs are wanted.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Backward(int rows, bool weightGradients, bool inputGradients)
    {
        fixed (float* gradients = Gradients)
        fixed (float* transposed = _transposed)
        {
            for (int layer = _sizes.Length - 2; layer >= 0; layer--)
            {
                int width = _padded[layer + 1];
                fixed (float* values = _values[layer + 1])
                fixed (float* deltas = _deltas[layer + 1])
                {
                    Deactivate(_activations[layer], values, deltas, rows * width);
                    if (weightGradients)
                    {
                        float* matrix = gradients + _offsets[layer];
                        // dW = x' dz; the input is read column by column, which is its transpose.
                        fixed (float* inputs = _values[layer])
                            MatrixProduct.Multiply(inputs, 1, _padded[layer], deltas, matrix, _sizes[layer], width, rows);
                        SumRows(deltas, matrix + (_sizes[layer] * width), rows, width);
                    }
                    if (layer == 0 && !inputGradients) break;
                    // dx = dz W'
                    Transpose(layer, transposed);
                    fixed (float* inputDeltas = _deltas[layer])
                        MatrixProduct.Multiply(deltas, width, 1, transposed, inputDeltas, rows, _padded[layer], _sizes[layer + 1]);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Transpose(int layer, float* transposed)
    {
        (int inputs, int outputs, int width, int inputWidth) = (_sizes[layer], _sizes[layer + 1], _padded[layer + 1], _padded[layer]);
        fixed (float* weights = Weights)
        {
            float* matrix = weights + _offsets[layer];
            for (int output = 0; output < outputs; output++)
            {
                float* row = transposed + (output * inputWidth);
                for (int input = 0; input < inputs; input++) row[input] = matrix[(input * width) + output];
                for (int input = inputs; input < inputWidth; input++) row[input] = 0;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Activate(Activation activation, float* values, int count)
    {
        if (activation == Activation.Relu)
        {
            for (int i = 0; i < count; i += Vector<float>.Count)
                Vector.Store(Vector.Max(Vector.Load(values + i), Vector<float>.Zero), values + i);
        }
        else if (activation == Activation.Sigmoid)
        {
            var all = new Span<float>(values, count);
            TensorPrimitives.Sigmoid(all, all);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Deactivate(Activation activation, float* values, float* deltas, int count)
    {
        if (activation == Activation.Linear) return;
        for (int i = 0; i < count; i += Vector<float>.Count)
        {
            Vector<float> value = Vector.Load(values + i), delta = Vector.Load(deltas + i);
            Vector<float> inner = activation == Activation.Relu
                ? Vector.ConditionalSelect(Vector.GreaterThan(value, Vector<float>.Zero), delta, Vector<float>.Zero)
                : delta * value * (Vector<float>.One - value);
            Vector.Store(inner, deltas + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void SumRows(float* rows, float* sums, int count, int width)
    {
        for (int column = 0; column < width; column += Vector<float>.Count)
        {
            Vector<float> sum = Vector<float>.Zero;
            for (int row = 0; row < count; row++) sum += Vector.Load(rows + (row * width) + column);
            Vector.Store(sum, sums + column);
        }
    }

    // Pinned, so that vector loads stay aligned to the allocated address and "fixed" costs nothing.
    static float[] Pinned(int length) => GC.AllocateArray<float>(length, pinned: true);
}
