using System.Globalization;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Native.Preparation.Options;
using EdgeML.Training.Data;
using EdgeML.Training.Progress;

namespace EdgeML.Training.Quantisation;

/// <summary>Makes an int8 package of a float32 one: ranges from samples, then the ordinary preparation, so that cuts, exits and the comparison
/// with the file are the same for both.</summary>
sealed class NetworkQuantiser : IDisposable
{
    readonly QuantiseOptions _options;
    readonly IStageProgress _progress;
    readonly ModelPackage _package;
    readonly WholeGraph _graph;
    readonly SampleChoice _samples;
    readonly List<NodeProto> _layers;
    readonly HashSet<NodeProto> _skipped;
    readonly List<string> _notes = [];

    /// <summary>Reads the package and the data; nothing is written yet.</summary>
    /// <exception cref="InvalidDataException">The package cannot be quantised; one line names fault and place.</exception>
    /// <exception cref="ArgumentException">Options or data that do not fit.</exception>
    internal NetworkQuantiser(QuantiseOptions options, IStageProgress progress)
    {
        (_options, _progress) = (options, progress);
        if (FullPath(options.Package) == FullPath(options.Folder))
            throw new ArgumentException($"{options.Folder} is the package to quantise; the quantised one needs another folder");
        _package = ModelPackage.Open(options.Package, options.TrustedKeys);
        try
        {
            Manifest.RequireClassifier("quantisation");
            if (Manifest.Inputs is { } inputs)
                throw new ArgumentException(
                    $"quantisation takes one float32 input, and model {Manifest.Name} has {string.Join(", ", inputs)}; "
                    + "a network that is quantised already can be prepared");
            _graph = WholeGraph.Of(_package, new NativeGraphRunner());
            _layers = [.. _graph.Index.Nodes.Where((n, i) => !_graph.Index.IsConstant(i) && QuantisationPlan.IsLayer(_graph, n))];
            if (_layers.Count == 0)
                throw new InvalidDataException(
                    $"{Manifest.Name} has no layer with an integer kernel (Conv, Gemm or MatMul with constant float32 weights)");
            _skipped = [.. options.Skip.Select(Find)];
            _samples = new SampleChoice(options, Manifest);
            _notes.AddRange(_samples.Notes);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    ModelManifest Manifest => _package.Manifest;

    /// <summary>Runs all of it. Interrupted or refused, it leaves nothing.</summary>
    /// <exception cref="ArgumentException">More is lost than allowed.</exception>
    internal QuantiseReport Run(CancellationToken cancellation)
    {
        RangeObservation ranges = Observe(cancellation);
        TensorScale Scale(string tensor) => ranges.Scale(tensor, _options.Method);
        ExitAnswers before = Record(_options.Package, _package, "float32 samples", cancellation, out _);
        bool labelled = Labelled(before);
        (QuantisationPlan plan, ModelProto model, List<FloatLayer> left) = Choose(before, labelled, Scale, cancellation);
        string scratch = TemporaryPlace.Beside(_options.Folder);
        Directory.CreateDirectory(scratch);
        try
        {
            string file = Path.Combine(scratch, $"{Manifest.Name}-int8.onnx");
            Describe(model);
            using (FileStream stream = File.Create(file)) Google.Protobuf.MessageExtensions.WriteTo(model, stream);
            return Write(file, plan, left, before, labelled, cancellation);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    public void Dispose()
    {
        _samples?.Dispose();
        _package.Dispose();
    }

    RangeObservation Observe(CancellationToken cancellation)
    {
        // Layers that are left float32 later were observed, too.
        HashSet<string> tensors = [.. new QuantisationPlan(_graph, new HashSet<NodeProto>()).Scaled, .. new QuantisationPlan(_graph, _skipped).Scaled];
        return Stage("calibration samples", _samples.Ranging.Count, done =>
            RangeObservation.Of(_graph, tensors, _samples, done, cancellation));
    }

    /// <summary>Leaves layers float32, the worst first, until no exit loses too much.</summary>
    (QuantisationPlan Plan, ModelProto Model, List<FloatLayer> Left) Choose(
        ExitAnswers before, bool labelled, Func<string, TensorScale> scales, CancellationToken cancellation)
    {
        var left = new HashSet<NodeProto>(_skipped);
        (QuantisationPlan plan, ModelProto model, ExitAnswers after) = Try(left);
        List<NodeProto> quantised = [.. plan.Layers];
        // One layer at least is quantised.
        int most = Math.Min(_options.MostFloat ?? (quantised.Count + 3) / 4, quantised.Count - 1);
        string all = Loss(after);
        var named = new List<FloatLayer>();
        if (!IsTooMuch(after) || most == 0) return Accept();
        List<(NodeProto Layer, double Damage)> ranked = Stage("layers quantised alone", quantised.Count, done =>
            LayerDamage.Rank(_graph, quantised, scales, _samples, done, cancellation));
        // A few at a time, and in the end as many as may be.
        for (int count = 1; ; count = Math.Min(Math.Max(count + 1, count * 3 / 2), most))
        {
            HashSet<NodeProto> more = [.. _skipped, .. ranked.Take(count).Select(each => each.Layer)];
            // A layer may be in int8 only because of a later one.
            if (!new QuantisationPlan(_graph, more).Layers.Any()) break;
            left = more;
            (plan, model, after) = Try(left);
            if (!IsTooMuch(after) || count == most) break;
        }
        named.AddRange(ranked.Where(each => left.Contains(each.Layer)).Select(each => new FloatLayer(
            Name(each.Layer), $"too much is lost ({all} with all layers{(_skipped.Count == 0 ? "" : " but those of --skip")} in int8)")));
        return Accept();

        (QuantisationPlan, ModelProto, ExitAnswers) Try(HashSet<NodeProto> floats)
        {
            var tried = new QuantisationPlan(_graph, floats);
            if (!tried.Layers.Any()) throw new ArgumentException($"{Manifest.Name}: none of its {_layers.Count} layers is left to be quantised");
            ModelProto written = GraphRewriter.Write(_graph, tried, scales);
            ExitAnswers answers = Stage("int8 samples", _samples.Judging.Count, done =>
                ExitAnswers.Of(written, _graph, _samples, done, cancellation));
            return (tried, written, answers);
        }

        bool IsTooMuch(ExitAnswers answers) => 100 * answers.Worst(before, labelled).Lost > _options.MaxLoss;

        string Loss(ExitAnswers answers)
        {
            (int exit, double lost) = answers.Worst(before, labelled);
            return string.Create(CultureInfo.InvariantCulture, $"{100 * lost:0.00} points at exit '{_graph.Outputs[exit]}'");
        }

        (QuantisationPlan, ModelProto, List<FloatLayer>) Accept()
        {
            RequireFewLost(after, before, labelled, named);
            foreach (NodeProto layer in _layers.Where(n => !plan.Nodes.Contains(n) && !named.Exists(each => each.Name == Name(n))))
                named.Add(new FloatLayer(Name(layer), _skipped.Contains(layer) ? "as asked" : "it makes scores"));
            return (plan, model, named);
        }
    }

    void RequireFewLost(ExitAnswers after, ExitAnswers before, bool labelled, List<FloatLayer> left)
    {
        (int exit, double lost) = after.Worst(before, labelled);
        if (100 * lost <= _options.MaxLoss) return;
        string change = labelled
            ? string.Create(CultureInfo.InvariantCulture, $"from {100 * before.Accuracy(exit):0.00} to {100 * after.Accuracy(exit):0.00} % right")
            : string.Create(CultureInfo.InvariantCulture, $"{100 * after.Agreement(before, exit):0.00} % of the answers stay the same");
        string floats = left.Count == 0 ? "" : $", with {string.Join(", ", left.Select(each => each.Name))} left float32";
        throw new ArgumentException(string.Create(
            CultureInfo.InvariantCulture,
            $"int8 loses {100 * lost:0.00} points at exit '{_graph.Outputs[exit]}' ({change}, {_samples.Judging.Count} samples of "
            + $"{_samples.Judges.Spec}){floats}; --max-loss is {_options.MaxLoss:0.##}: try another --method, more --samples, or a larger --max-float"));
    }

    QuantiseReport Write(
        string file, QuantisationPlan plan, List<FloatLayer> left, ExitAnswers before, bool labelled, CancellationToken cancellation)
    {
        QuantiseReport? report = null;
        AtomicFile.WriteFolder(_options.Folder, PackageFiles.ManifestName, temporary =>
        {
            _progress.Begin("ways to run the network compared", 1);
            PreparedModel prepared = ModelPreparation.Prepare(file, temporary, new PrepareOptions
            {
                Exits = [.. _graph.Outputs.SkipLast(1)],
                Final = _graph.Outputs[^1],
                ClassNames = Manifest.ClassNames.Count > 0 ? Manifest.ClassNames : null,
                ExitRule = Manifest.ExitRule == default ? null : Manifest.ExitRule,
                Progress = each =>
                {
                    if (each.Done <= 1) _progress.Begin("ways to run the network compared", each.Total);
                    _progress.Report(each.Done);
                },
                Cancellation = cancellation,
            });
            _progress.End();
            ModelManifest manifest = prepared.Manifest;
            PackageExtras extras = PackageExtras.Of(_options.Folder, manifest, calibrated: true);
            if (!_options.Force) extras.RequireNoLoss(_options.Folder, manifest);
            _notes.AddRange([.. prepared.Notes, .. extras.Notes]);
            using ModelPackage package = ModelPackage.Open(temporary);
            ExitAnswers after = Record(temporary, package, "int8 samples through the package", cancellation, out ExitCalibration calibration);
            RequireFewLost(after, before, labelled, left);
            package.SaveCalibration(calibration);
            extras.Write(temporary);
            NoteLosses();
            report = new QuantiseReport(
                Manifest, manifest, Exits(before, after, labelled), labelled, _samples.Ranging.Count, _samples.Judging.Count,
                _samples.Judges.Spec, plan.Layers.Count(), Share(plan), left, Time(package, cancellation), Bytes(Manifest), Bytes(manifest), _notes);
            // Last, so that nothing is refused after it; the package takes its place when this returns.
            if (_options.OnnxFile is { } copy) WriteFile(file, copy, temporary);
        });
        return report!;
    }

    /// <summary>Copies the network to where it is wanted, which may be inside the package.</summary>
    void WriteFile(string file, string copy, string temporary)
    {
        string inside = Path.GetRelativePath(FullPath(_options.Folder), FullPath(copy));
        if (!Path.IsPathRooted(inside) && inside.Split(Path.DirectorySeparatorChar)[0] != "..") copy = Path.Combine(temporary, inside);
        OutputFile.Write(copy, stream =>
        {
            using FileStream made = File.OpenRead(file);
            made.CopyTo(stream);
        });
    }

    static string FullPath(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));

    List<QuantisedExit> Exits(ExitAnswers before, ExitAnswers after, bool labelled) =>
    [
        .. _graph.Outputs.Select((name, e) => new QuantisedExit(
            name, labelled ? before.Accuracy(e) : double.NaN, labelled ? after.Accuracy(e) : double.NaN, after.Agreement(before, e),
            after.Lost(before, e, labelled))),
    ];

    /// <summary>Names what a package carries on its own account and the quantised one does not.</summary>
    void NoteLosses()
    {
        string spec = _samples.Judges.Spec;
        if (_package.Guarantee is { } guarantee)
            _notes.Add(FormattableString.Invariant(
                $"the promise of at most {100 * guarantee.MaxLoss:0.##} points lost is not carried over; make it again: edgeml calibrate {_options.Folder} --data {spec} --max-loss {100 * guarantee.MaxLoss:0.##} --confidence {100 * guarantee.Confidence:0.####}"));
        if (_package.Profile is not null)
            _notes.Add($"the device profile is not carried over; measure again: edgeml profile --model {_options.Folder} --save");
        if (_package.Bottlenecks.Items.Count > 0)
            _notes.Add($"{_package.Bottlenecks.Items.Count} bottlenecks are not carried over; the integers at cuts travel as they are, a byte each");
        if (_package.Signature is not null)
            _notes.Add($"the package is signed, the quantised one is not: edgeml sign --model {_options.Folder} --key FILE");
    }

    ExitAnswers Record(string folder, ModelPackage package, string what, CancellationToken cancellation, out ExitCalibration calibration)
    {
        using BranchedModel model = BranchedModel.Load(package);
        using var recorder = new ExitRecorder(model);
        float[] input = new float[Manifest.Input.Elements];
        Stage(what, _samples.Judging.Count, done =>
        {
            for (int i = 0; i < _samples.Judging.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                int label = _samples.ReadJudging(i, input);
                recorder.Record(input, label);
                done(i + 1);
            }
            return folder;
        });
        calibration = recorder.ToCalibration(_samples.Judges.Spec, _options.UseLabels != false);
        return ExitAnswers.Of(recorder, Manifest.Exits.Count);
    }

    PairedTimes Time(ModelPackage package, CancellationToken cancellation)
    {
        using BranchedModel before = BranchedModel.Load(_package);
        using BranchedModel after = BranchedModel.Load(package);
        float[] input = new float[Manifest.Input.Elements];
        _samples.ReadJudging(0, input);
        return PairedTimes.Measure(before, after, input, cancellation);
    }

    bool Labelled(ExitAnswers answers)
    {
        if (_options.UseLabels == true && !answers.AllLabelled)
            throw new ArgumentException($"--labels is use, but {_samples.Judges.Spec} has samples without a label");
        return _options.UseLabels ?? answers.AllLabelled;
    }

    /// <summary>Keeps in the file what the package knows about pictures and classes.</summary>
    void Describe(ModelProto model)
    {
        if (Manifest.Preprocessing is { } how) PreprocessingReader.Write(model, how);
        else Set("edgeml.scale", Manifest.Input.ByteScale.ToString("R", CultureInfo.InvariantCulture));
        if (Manifest.ClassNames.Count > 0) Set(ClassNames.MetadataKey, ClassNames.ToMetadata(Manifest.ClassNames));

        void Set(string key, string value)
        {
            if (model.MetadataProps.FirstOrDefault(p => p.Key == key) is { } old) model.MetadataProps.Remove(old);
            model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        }
    }

    /// <summary>The layer of a name: a node's, or a unit's, which is named after the layer that does most of its work.</summary>
    NodeProto Find(string name)
    {
        int unit = Manifest.Units.FirstOrDefault(each => each.Name == name)?.Index ?? 0;
        NodeProto? layer = _layers.Find(n => n.Name == name || n.Output[0] == name)
            ?? _layers.Where(n => unit > 0 && _graph.Unit(n) == unit).MaxBy(Macs);
        return layer ?? throw new ArgumentException(
            $"--skip names '{name}', which is no layer that can be quantised; there are {string.Join(", ", _layers.Select(Name))}");
    }

    static string Name(NodeProto layer) => layer.Name.Length > 0 ? layer.Name : layer.Output[0];

    double Share(QuantisationPlan plan)
    {
        double all = _layers.Sum(Macs);
        return all == 0 ? 0 : plan.Layers.Sum(Macs) / all;
    }

    double Macs(NodeProto layer) => OperatorWork.Macs(layer, _graph.Dims) ?? 0;

    static long Bytes(ModelManifest manifest) => manifest.Files.Sum(file => file.Bytes);

    T Stage<T>(string what, int total, Func<Action<int>, T> work)
    {
        _progress.Begin(what, total);
        T made = work(done => _progress.Report(done));
        _progress.End();
        return made;
    }
}
