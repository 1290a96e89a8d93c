using System.Numerics.Tensors;
using EdgeML.Native.Codecs;
using EdgeML.Training.Branching;
using EdgeML.Training.Numerics;

namespace EdgeML.Training.Bottlenecks;

/// <summary>Moves encoder and decoder of a bottleneck so that the network after it answers as it did without: Adam on the
/// softened answers' cross-entropy. Rounding lets gradients through (straight-through) where a value is inside its range. The network
/// stays as it is.</summary>
sealed class BottleneckTraining
{
    const int Batch = 16;

    /// <summary>Step of a weight at first, of the root mean square of its kind.</summary>
    const float Rate = 0.01f;

    readonly LinearBottleneck _start;
    readonly TailGradient _tail;
    readonly CutSamples _samples;
    readonly float[][] _targets;
    readonly int _rows;
    readonly int _positions;
    readonly float[] _encoder;
    readonly float[] _decoder;
    readonly float[] _encoderGradient;
    readonly float[] _decoderGradient;
    readonly float[] _tensor;
    readonly float[] _gradient;
    readonly float[] _gathered;
    readonly float[] _values;
    readonly float[] _gradients;
    readonly float[] _codes;
    readonly bool[] _inside;

    BottleneckTraining(LinearBottleneck start, TailGradient tail, CutSamples samples)
    {
        (_start, _tail, _samples, _rows, _positions) = (start, tail, samples, start.Patches.Rows, start.Patches.Positions);
        _targets = [.. samples.Scores.Select(SoftAnswer.Of)];
        int padded = DenseProduct.Pad(start.Encoder.Length), elements = start.Patches.Elements;
        (_encoder, _decoder) = (new float[padded], new float[padded]);
        (_encoderGradient, _decoderGradient) = (new float[padded], new float[padded]);
        start.Encoder.CopyTo(_encoder, 0);
        start.Decoder.CopyTo(_decoder, 0);
        (_tensor, _gradient, _gathered, _values, _gradients) =
            (new float[elements], new float[elements], new float[elements], new float[elements], new float[elements]);
        _codes = new float[start.Components * _positions];
        _inside = new bool[_codes.Length];
    }

    /// <summary>Trains. The result is never judged worse than the start.</summary>
    /// <param name="start">As fitted; its ranges and bits stay.</param>
    /// <param name="tail">Of its cut.</param>
    /// <param name="samples">Of its cut.</param>
    /// <param name="epochs">Times every sample is seen.</param>
    /// <param name="seed">Of the order of samples.</param>
    /// <param name="done">Called after every sample.</param>
    /// <param name="cancellation">Ends the work.</param>
    public static LinearBottleneck Train(
        LinearBottleneck start, TailGradient tail, CutSamples samples, int epochs, int seed, Action? done,
        CancellationToken cancellation)
    {
        var training = new BottleneckTraining(start, tail, samples);
        LinearBottleneck best = start;
        double least = training.Judge(cancellation);
        int[] order = samples.Fitting;
        var random = new Random(seed);
        var encoderAdam = new AdamState(training._encoder.Length);
        var decoderAdam = new AdamState(training._decoder.Length);
        float encoderRate = Rate * Size(start.Encoder), decoderRate = Rate * Size(start.Decoder);
        int steps = epochs * ((order.Length + Batch - 1) / Batch), step = 0;
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            random.Shuffle(order);
            for (int first = 0; first < order.Length; first += Batch)
            {
                Array.Clear(training._encoderGradient);
                Array.Clear(training._decoderGradient);
                foreach (int sample in order.AsSpan(first, Math.Min(Batch, order.Length - first)))
                {
                    cancellation.ThrowIfCancellationRequested();
                    training.Forward(samples.Tensors[sample]);
                    tail.Run(training._tensor, training._targets[sample], training._gradient);
                    training.Back();
                    done?.Invoke();
                }
                float left = 0.5f * (1 + MathF.Cos(MathF.PI * step++ / steps));
                encoderAdam.Step(training._encoder, training._encoderGradient, left * encoderRate, weightDecay: 0);
                decoderAdam.Step(training._decoder, training._decoderGradient, left * decoderRate, weightDecay: 0);
            }
            double loss = training.Judge(cancellation);
            if (loss < least) (least, best) = (loss, training.Now());
        }
        return best;
    }

    static float Size(float[] weights) => TensorPrimitives.Norm(weights) / MathF.Sqrt(Math.Max(1, weights.Length));

    LinearBottleneck Now() => new(
        _start.Patches, _start.Mean, _encoder[.._start.Encoder.Length], _decoder[.._start.Decoder.Length], _start.Ranges, _start.Bits,
        _start.Rectified);

    /// <summary>Mean cross-entropy on the samples that only judge.</summary>
    double Judge(CancellationToken cancellation)
    {
        double sum = 0;
        foreach (int i in _samples.Judging)
        {
            cancellation.ThrowIfCancellationRequested();
            Forward(_samples.Tensors[i]);
            sum += _tail.Run(_tensor, _targets[i], _gradient);
        }
        return sum / _samples.Judging.Length;
    }

    /// <summary>As encoder and decoder do, keeping the values for the gradient.</summary>
    void Forward(float[] tensor)
    {
        _start.Patches.Gather(tensor, _gathered);
        LinearBottleneck.Transpose(_gathered, _values, _rows, _positions);
        for (int p = 0; p < _positions; p++)
        {
            Span<float> value = _values.AsSpan(p * _rows, _rows), to = _gathered.AsSpan(p * _rows, _rows);
            TensorPrimitives.Subtract(value, _start.Mean, value);
            _start.Mean.CopyTo(to);
            for (int k = 0; k < _start.Components; k++)
            {
                (float low, float high) = _start.Ranges[k];
                float code = TensorPrimitives.Dot(_encoder.AsSpan(k * _rows, _rows), value);
                _inside[(k * _positions) + p] = code >= low && code <= high;
                float step = (high - low) / ((1 << _start.Bits[k]) - 1);
                code = step > 0 ? low + (step * MathF.Floor(((Math.Clamp(code, low, high) - low) / step) + 0.5f)) : low;
                _codes[(k * _positions) + p] = code;
                TensorPrimitives.MultiplyAdd(_decoder.AsSpan(k * _rows, _rows), code, to, to);
            }
        }
        LinearBottleneck.Transpose(_gathered, _gradients, _positions, _rows);
        _start.Patches.Scatter(_gradients, _tensor);
        if (_start.Rectified) TensorPrimitives.Max(_tensor, 0f, _tensor);
    }

    /// <summary>Adds the gradients of one sample to those of the batch.</summary>
    void Back()
    {
        if (_start.Rectified)
        {
            for (int i = 0; i < _gradient.Length; i++) _gradient[i] = _tensor[i] > 0 ? _gradient[i] : 0;
        }
        _start.Patches.Gather(_gradient, _gathered);
        LinearBottleneck.Transpose(_gathered, _gradients, _rows, _positions);
        for (int p = 0; p < _positions; p++)
        {
            ReadOnlySpan<float> value = _values.AsSpan(p * _rows, _rows), gradient = _gradients.AsSpan(p * _rows, _rows);
            for (int k = 0; k < _start.Components; k++)
            {
                Span<float> decoder = _decoderGradient.AsSpan(k * _rows, _rows), encoder = _encoderGradient.AsSpan(k * _rows, _rows);
                TensorPrimitives.MultiplyAdd(gradient, _codes[(k * _positions) + p] / Batch, decoder, decoder);
                if (!_inside[(k * _positions) + p]) continue;
                float code = TensorPrimitives.Dot(_decoder.AsSpan(k * _rows, _rows), gradient);
                TensorPrimitives.MultiplyAdd(value, code / Batch, encoder, encoder);
            }
        }
    }
}
