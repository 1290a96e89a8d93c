using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using EdgeML.Native.Models;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Branching;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Training.Data;
using EdgeML.Training.Numerics;
using EdgeML.Training.Progress;

namespace EdgeML.Training.Branching;

/// <summary>Turns a plain classifier and pictures into a package with trained and calibrated exits.</summary>
sealed class ExitTrainer
{
    const int LeastSamples = 100, DefaultSamples = 20_000, DefaultTests = 2000, FingerprintSamples = 16;

    readonly BranchOptions _options;
    readonly IStageProgress _progress;
    readonly Backbone _backbone;
    readonly IReadOnlyList<HeadPlan> _plans;
    readonly List<string> _notes = [];
    readonly HeadTraining _training;
    readonly int _samples;
    readonly int _tests;
    readonly IReadOnlyList<string> _classNames;

    /// <summary>Reads the model and the first samples, and decides where exits go; nothing is written yet.</summary>
    /// <exception cref="InvalidDataException">The model or the data cannot be used; one line names fault and place.</exception>
    internal ExitTrainer(BranchOptions options, IStageProgress progress)
    {
        (_options, _progress) = (options, progress);
        _backbone = Backbone.Load(options.ModelFile, options.Output, options.Prepare with { InputShape = options.InputShape },
            new NativeGraphRunner());
        _notes.AddRange(_backbone.Notes);
        _plans = ExitPlacement.Choose(_backbone, options.Exits, options.HeadBudget / 100, _notes);
        using ImageSource source = Open(options.Data);
        _classNames = source.ClassNames;
        _notes.AddRange([.. source.Notes, .. source.Warnings.Select(warning => $"warning: {warning}")]);
        _samples = source.Samples(options.Count, DefaultSamples);
        if (source.Count is { } there && _samples > there)
            throw new ArgumentException($"{_samples} samples are asked for, {source.Spec} has {there}");
        if (_samples < LeastSamples)
            throw new InvalidDataException($"{_samples} samples of {source.Spec}, at least {LeastSamples} are needed");
        if (options.UseLabels == true && !source.HasLabels)
            throw new ArgumentException($"{source.Spec} has no labels; take --labels none, then exits learn from the backbone's own answers");
        _training = new HeadTraining(options.UseLabels ?? source.HasLabels, options.Seed).For(_samples, options.LeastSteps);
        if (options.Test is null) return;
        using ImageSource tests = Open(options.Test);
        _tests = options.TestCount ?? (int)Math.Min(tests.Count ?? DefaultTests, int.MaxValue);
        if (_training.Labelled && !tests.HasLabels) throw new ArgumentException($"{tests.Spec} has no labels to judge by");
    }

    internal ModelManifest Manifest => _backbone.Manifest;

    /// <summary>Runs all of it. Interrupted, it leaves its work folder, from which the same call continues.</summary>
    internal BranchReport Run(CancellationToken cancellation)
    {
        string beside = Path.TrimEndingDirectorySeparator(Path.GetFullPath(_options.Folder)) + ".work";
        using var work = new WorkFolder(_options.Work ?? beside);
        string identity = Identity();
        long rows = work.BeginFeatures(identity);
        if (rows > 0) _notes.Add($"features of {rows} samples from an earlier run in {work.Path} are used again");
        work.BeginHeads($"{identity} {_training} {string.Join(' ', _plans.Select(p => string.Join('-', p.Sizes)))}", _plans.Count);
        using var file = new FeatureFile(work.FeatureFile, (long)_samples + _tests, Manifest.Classes, [.. _plans.Select(p => p.Features)]);
        StageTime features = StageTime.Of(() => Extract(file, work, rows, cancellation));
        TrainingSplit split = TrainingSplit.Draw(_samples, _training);
        TrainedHead[] heads = [];
        StageTime training = StageTime.Of(() => heads = Train(file, work, split, cancellation));
        (ExitCalibration judged, double[]? accuracies, double[] agreements) = Judge(file, heads, split);
        ModelManifest manifest = Write(work, heads, judged);
        var report = new BranchReport(manifest, heads, judged, _samples, split.HeldOut.Count, _training.Labelled, features, training,
            _notes)
        {
            Accuracies = accuracies,
            Agreements = agreements,
        };
        if (_options.Work is null) work.Delete();
        return report;
    }

    ImageSource Open(DataSpec spec) => spec.Open(_backbone.Manifest, spec == _options.Data ? _options.Count
        : _options.TestCount);

    void Extract(FeatureFile file, WorkFolder work, long done, CancellationToken cancellation)
    {
        _progress.Begin("samples through the backbone", file.Rows, done);
        var extraction = new FeatureExtraction(_backbone, _plans, _options.Threads);
        void Kept(long rows)
        {
            work.KeepRows(rows);
            _progress.Report(rows);
        }
        extraction.Run(file, done, _samples, 0, () => Open(_options.Data), Kept, cancellation);
        if (_options.Test is { } test)
            extraction.Run(file, Math.Max(0, done - _samples), _tests, _samples, () => Open(test), rows => Kept(_samples + rows),
                cancellation);
        _progress.End();
    }

    TrainedHead[] Train(FeatureFile file, WorkFolder work, TrainingSplit split, CancellationToken cancellation)
    {
        var heads = new TrainedHead[_plans.Count];
        int[] epochs = new int[_plans.Count];
        _progress.Begin("passes over the features at most", (long)_training.Epochs * _plans.Count);
        // A head is one thread's work, so that its sums do not depend on how many threads there are; the largest goes first.
        var order = new Queue<int>(Enumerable.Range(0, _plans.Count).OrderByDescending(h => _plans[h].Macs));
        try
        {
            Parallel.For(0, Math.Min(_options.Threads, _plans.Count), _ =>
            {
                while (true)
                {
                    int head;
                    lock (order)
                        if (!order.TryDequeue(out head)) return;
                    var trainer = new HeadTrainer(file, head, _plans[head], split, _training);
                    heads[head] = trainer.Train(work.HeadFile(head), done => Tell(head, done), cancellation);
                    Tell(head, _training.Epochs);
                }
            });
        }
        catch (AggregateException e) when (e.InnerExceptions.Any(inner => inner is OperationCanceledException))
        {
            throw new OperationCanceledException(cancellation);
        }
        _progress.End();
        return heads;

        void Tell(int head, int done)
        {
            lock (epochs)
            {
                epochs[head] = done;
                _progress.Report(epochs.Sum());
            }
        }
    }

    /// <summary>Every exit's output for the test samples, or for those held out; labels judge even where they were not learned.</summary>
    (ExitCalibration Judged, double[]? Accuracies, double[] Agreements) Judge(FeatureFile file, TrainedHead[] heads, TrainingSplit split)
    {
        IReadOnlyList<int> rows = _tests > 0 ? [.. Enumerable.Range(_samples, _tests)] : split.HeldOut;
        int classes = Manifest.Classes, exits = heads.Length + 1;
        float[] entropies = new float[rows.Count * exits];
        bool[] right = new bool[rows.Count * exits], agrees = new bool[rows.Count * exits];
        for (int e = 0; e < exits; e++)
        {
            float[] scores = e < heads.Length ? heads[e].Score(file, e, rows) : [];
            for (int i = 0; i < rows.Count; i++)
            {
                ReadOnlySpan<float> final = file.FinalScores(rows[i]);
                ReadOnlySpan<float> own = e < heads.Length ? scores.AsSpan(i * classes, classes) : final;
                int answer = TensorPrimitives.IndexOfMax(own), at = (i * exits) + e;
                entropies[at] = Softmax.NormalisedEntropy(own);
                right[at] = answer == file.Label(rows[i]);
                agrees[at] = answer == TensorPrimitives.IndexOfMax(final);
            }
        }
        double[] Shares(bool[] verdicts)
            => [.. Enumerable.Range(0, exits).Select(e => Enumerable.Range(0, rows.Count).Average(i => verdicts[(i * exits) + e]
                ? 1.0 : 0.0))];
        double[]? accuracies = rows.All(row => file.Label(row) >= 0) ? Shares(right) : null;
        string source = _options.Test?.Text ?? $"{_options.Data.Text} (held out)";
        if (_training.Labelled && accuracies is not null && accuracies[^1] < 2.0 / classes)
            _notes.Add($"the backbone itself is right in {100 * accuracies[^1]:0.0} % of {source}: are these the classes and pictures it was made for?");
        return (new ExitCalibration(exits, entropies, _training.Labelled ? right : agrees, source, _training.Labelled), accuracies,
            Shares(agrees));
    }

    ModelManifest Write(WorkFolder work, TrainedHead[] heads, ExitCalibration judged)
    {
        (ModelProto model, IReadOnlyList<string> exits) =
            _backbone.WithHeads(_plans, [.. heads.Select(h => h.Layers)], _classNames);
        string file = work[Path.GetFileName(_options.ModelFile)];
        using (FileStream stream = File.Create(file)) Google.Protobuf.MessageExtensions.WriteTo(model, stream);
        ModelManifest manifest = Manifest;
        AtomicFile.WriteFolder(_options.Folder, PackageFiles.ManifestName, temporary =>
        {
            manifest = ModelPreparation.Prepare(file, temporary, _options.Prepare with { Exits = exits, InputShape = _options.InputShape }).Manifest;
            if (!manifest.Exits.SkipLast(1).Select(e => e.AfterUnit).SequenceEqual(_plans.Select(p => p.AfterUnit)))
                throw new InvalidOperationException($"{manifest.Name}: exits follow other units than planned");
            using ModelPackage package = ModelPackage.Open(temporary);
            package.SaveCalibration(judged);
            PackageExtras extras = PackageExtras.Of(_options.Folder, manifest, calibrated: true);
            if (!_options.Force) extras.RequireNoLoss(_options.Folder, manifest);
            extras.Write(temporary);
            _notes.AddRange(extras.Notes);
        });
        if (_options.OnnxFile is { } copy) File.Move(file, copy, overwrite: true);
        return manifest;
    }

    /// <summary>The inputs on which features depend.</summary>
    string Identity()
    {
        string plans = string.Join(' ', _plans.Select(p => $"{p.Tensor}:{p.Pool}:{p.Features}"));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"edgeml-branch 1 {Manifest.Identity} {_options.Output} {plans} {_options.Data.Text} {_samples} {Fingerprint(_options.Data)} "
            + $"{_options.Test?.Text} {_tests} {(_options.Test is null ? "" : Fingerprint(_options.Test))}");
    }

    /// <summary>Digest of some samples, so that other files under the same name are noticed.</summary>
    string Fingerprint(DataSpec spec)
    {
        using ImageSource source = Open(spec);
        var hash = new ContentHash();
        var tensor = new float[source.Elements];
        long step = Math.Max(1, (spec == _options.Data ? _samples : _tests) / FingerprintSamples);
        for (int i = 0; i < FingerprintSamples; i++)
        {
            int label = source.ReadTensor(i * step, tensor);
            hash.Append(MemoryMarshal.AsBytes<int>([label]));
            hash.Append(MemoryMarshal.AsBytes<float>(tensor));
        }
        return hash.Finish();
    }
}
