using System.Diagnostics;
using System.Numerics.Tensors;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Numerics;
using EdgeML.Native.Preparation.Branching;
using EdgeML.Training.Numerics;

namespace EdgeML.Training.Branching;

/// <summary>Trains one head on kept features, on one thread: the same seed gives the same weights, resumed or not.</summary>
sealed class HeadTrainer
{
    // Keeping the state takes at most this part of the time.
    const int CheckpointShare = 20;

    // Averaging at every step of a long pass would gain nothing and cost a tenth of it.
    const int AverageEvery = 10;

    // Of the average, a step: it looks back some 300.
    const float Forgotten = 0.003f;

    readonly FeatureFile _file;
    readonly int _head;
    readonly HeadPlan _plan;
    readonly HeadTraining _training;
    readonly TrainingSplit _split;
    readonly Standardisation _standard;
    readonly HeadNet _net;
    readonly HeadCheckpoint _state;
    readonly float[] _target;
    readonly float[] _guess;
    readonly float[] _aside;

    /// <param name="file">Complete.</param>
    /// <param name="head">From 0.</param>
    /// <param name="plan">Of that head.</param>
    /// <param name="split">Rows to learn from and rows to judge by.</param>
    /// <param name="training">How.</param>
    internal HeadTrainer(FeatureFile file, int head, HeadPlan plan, TrainingSplit split, HeadTraining training)
    {
        (_file, _head, _plan, _split, _training) = (file, head, plan, split, training);
        _standard = Standardisation.Of(file, head, split.Training);
        _net = new HeadNet(plan.Sizes, training.Batch);
        _net.Initialise(Random(0));
        _state = new HeadCheckpoint(_net.Weights);
        _target = new float[plan.Sizes[^1]];
        _guess = new float[plan.Sizes[^1]];
        _aside = new float[_net.Weights.Length];
    }

    /// <summary>Learns to the end.</summary>
    /// <param name="checkpoint">A file to continue from and to keep the state in.</param>
    /// <param name="epochDone">Gets the number done, after every pass.</param>
    /// <param name="cancellation">Checked between steps.</param>
    internal TrainedHead Train(string checkpoint, Action<int> epochDone, CancellationToken cancellation)
    {
        _state.TryLoad(checkpoint);
        int[] order = [.. _split.Training];
        long saved = Stopwatch.GetTimestamp();
        TimeSpan took = TimeSpan.Zero;
        while (_state.Epoch < _training.Epochs && _state.Epoch - _state.KeptEpoch < _training.Patience)
        {
            RunEpoch(order, cancellation);
            _state.Epoch++;
            Judge();
            epochDone(_state.Epoch);
            if (Stopwatch.GetElapsedTime(saved) < CheckpointShare * took) continue;
            long begin = Stopwatch.GetTimestamp();
            _state.Save(checkpoint);
            saved = Stopwatch.GetTimestamp();
            took = Stopwatch.GetElapsedTime(begin, saved);
        }
        _state.Save(checkpoint);
        return Finish();
    }

    void RunEpoch(int[] order, CancellationToken cancellation)
    {
        SeededRandom random = Random(_state.Epoch + 1);
        // From the same order whatever came before, so that a resumed run continues as the interrupted one would have.
        for (int i = 0; i < order.Length; i++) order[i] = _split.Training[i];
        random.Shuffle(order);
        var features = new DropoutNoise(_training.FeatureDropout, random);
        var hidden = new DropoutNoise(_training.HiddenDropout, random);
        int steps = _training.Steps(order.Length), total = steps * _training.Epochs, every = Math.Min(AverageEvery, steps);
        for (int step = 0; step < steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            int first = step * _training.Batch, rows = Math.Min(_training.Batch, order.Length - first);
            for (int i = 0; i < rows; i++)
            {
                Span<float> input = _net.Input(i);
                _standard.Apply(_file.Features(order[first + i], _head), input);
                features.Apply(input);
            }
            _net.Forward(rows, hidden);
            for (int i = 0; i < rows; i++) Gradient(order[first + i], _net.Scores(i), _net.OutputGradientRow(i), rows);
            _net.Backward(rows, hidden.Kept);
            double rate = 0.5 * (1 + Math.Cos(Math.PI * _state.Adam.Steps / total));
            _state.Adam.Step(_net.Weights, _net.Gradients, (float)(_training.LearningRate * rate), _training.WeightDecay);
            if (_state.Adam.Steps % every == 0) Average(every);
        }
    }

    /// <summary>Weights at a high rate wander around where they should be; their mean of late is nearer.</summary>
    /// <param name="every">Steps since it was done last.</param>
    void Average(int every)
    {
        // The first weights of all should soon be forgotten.
        float times = _state.Adam.Steps / every, kept = Math.Min(1 - (every * Forgotten), times / (times + 9));
        TensorPrimitives.Lerp(_net.Weights, _state.Average, kept, _state.Average);
    }

    /// <summary>Gradient of the loss in the scores of one row: cross-entropy with the label, or with the backbone's softened answer.</summary>
    void Gradient(int row, ReadOnlySpan<float> scores, Span<float> gradient, int rows)
    {
        float softening = _training.Labelled ? 1 : _training.Softening;
        Softmax.Of(scores, _guess, softening);
        if (_training.Labelled)
        {
            _guess[_file.Label(row)] -= 1;
        }
        else
        {
            Softmax.Of(_file.FinalScores(row), _target, softening);
            TensorPrimitives.Subtract(_guess, _target, _guess);
        }
        // Softened gradients shrink with the square of the softening; one factor of it is in the derivative already.
        TensorPrimitives.Multiply(_guess, softening / rows, gradient);
    }

    /// <summary>Keeps the average if it is as good as the best: the best of many noisy passes owes part of its score to noise, and later ones have learned at a
    /// lower rate.</summary>
    void Judge()
    {
        int right = 0;
        _net.Weights.CopyTo(_aside, 0);
        _state.Average.CopyTo(_net.Weights, 0);
        ForHeldOut((row, scores) =>
        {
            if (TensorPrimitives.IndexOfMax(scores) == Answer(row)) right++;
        });
        _aside.CopyTo(_net.Weights, 0);
        _state.MostRight = Math.Max(_state.MostRight, right);
        if (!HeadTraining.IsAsGood(right, _state.MostRight, _split.HeldOut.Count)) return;
        _state.KeptEpoch = _state.Epoch;
        _state.Average.CopyTo(_state.Kept, 0);
    }

    TrainedHead Finish()
    {
        _state.Kept.CopyTo(_net.Weights, 0);
        int classes = _plan.Sizes[^1];
        var scores = new List<float>(_split.HeldOut.Count * classes);
        ForHeldOut((_, row) =>
        {
            foreach (float score in row) scores.Add(score);
        });
        float[] all = [.. scores];
        double temperature = Softmax.BestTemperature(
            i => all.AsSpan(i * classes, classes), i => Answer(_split.HeldOut[i]), _split.HeldOut.Count);
        var layers = new List<HeadLayer>();
        for (int layer = 0; layer < _net.Layers; layer++)
        {
            (float[] weights, float[] biases) = _net.Export(layer);
            if (layer == 0) _standard.Fold(weights, biases);
            if (layer == _net.Layers - 1)
            {
                TensorPrimitives.Divide(weights, (float)temperature, weights);
                TensorPrimitives.Divide(biases, (float)temperature, biases);
            }
            layers.Add(new HeadLayer(weights, biases));
        }
        return new TrainedHead(_plan, layers, temperature, _state.Epoch, _state.KeptEpoch);
    }

    /// <summary>The right answer: the label, or the backbone's class.</summary>
    int Answer(int row) => _training.Labelled ? _file.Label(row) : TensorPrimitives.IndexOfMax(_file.FinalScores(row));

    delegate void Scored(int row, ReadOnlySpan<float> scores);

    void ForHeldOut(Scored scored)
    {
        for (int at = 0; at < _split.HeldOut.Count; at += _training.Batch)
        {
            int rows = Math.Min(_training.Batch, _split.HeldOut.Count - at);
            for (int i = 0; i < rows; i++) _standard.Apply(_file.Features(_split.HeldOut[at + i], _head), _net.Input(i));
            _net.Forward(rows, null);
            for (int i = 0; i < rows; i++) scored(_split.HeldOut[at + i], _net.Scores(i));
        }
    }

    SeededRandom Random(int epoch) => new(unchecked((int)_training.Seed), (_head * 100_000) + epoch);
}
