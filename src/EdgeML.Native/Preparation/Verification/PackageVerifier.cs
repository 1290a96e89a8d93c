using System.Globalization;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Native.Preparation.Options;

namespace EdgeML.Native.Preparation.Verification;

/// <summary>Proves that a package answers as its model file does: opened as sessions open it, whole and cut, on random inputs, against the
/// untouched file without optimisation.</summary>
/// <remarks>Where the fastest engines answer differently, slower ones are tried, and the package records which; where all do, the package is
/// refused.</remarks>
sealed class PackageVerifier
{
    const double FloatTolerance = 1e-4;
    const double HalfTolerance = 2e-3;

    const double MostOff = 0.05;

    /// <summary>The most that roundings of a quantised network change a score, as a part of the largest.</summary>
    const double MostRounding = 0.05;

    // The samples are few: settings that come closer than this to a bound would pass it with others.
    const double Margin = 0.75;

    const int Samples = 4;
    const int SamplesOfLargeNetworks = 2;
    const long LargeMacs = 2_000_000_000;
    const int MostSamplesOfQuantised = 240;
    const int LeastSamplesOfQuantised = 20;
    const int MostNumbersKept = 1 << 24;

    // A share of samples is judged more exactly by more of them, as far as time allows.
    const double QuantisedMacs = 2e9;
    const int Seed = 20;

    static readonly EngineSettings[] s_settings =
    [
        EngineSettings.Fastest,
        EngineSettings.Fastest with { JoinedPlans = false },
        new(false, false, EngineOptimization.Default),
        new(true, false, EngineOptimization.Extended),
        new(false, false, EngineOptimization.Basic),
        new(false, false, EngineOptimization.None),
    ];

    /// <summary>Changes logits before they are compared, to show in tests that the comparison notices; null otherwise.</summary>
    internal Action<EngineSettings, Division, float[]>? Alter { get; init; }

    /// <summary>A way that does not answer as the file does.</summary>
    sealed record Failure(Division Division, bool WasJoined, string What, double Difference, string? Reason);

    /// <summary>An exit, or one output of a network without class scores, as it is compared: with this tensor of the file.</summary>
    sealed record Compared(ExitInfo Exit, string Tensor, bool IsLogits, double? Step, NamedTensor? Output = null)
    {
        /// <summary>For a sentence.</summary>
        internal string What => Output is null ? $"exit '{Exit.Name}'" : $"output '{Output.Name}'";

        /// <summary>Its part of an answer, as the file gives it.</summary>
        internal float[] Of(float[] answer) =>
            Output is not null ? answer.AsSpan(Output.Offset, Output.RowElements).ToArray()
            : IsLogits ? answer : OutputForms.Apply(Exit.Form, answer);
    }

    /// <summary>Compares a package that was just written.</summary>
    /// <param name="folder">Of the package; its manifest is written again where other settings are needed.</param>
    /// <param name="onnxPath">The model file.</param>
    /// <param name="model">The model of the package; gets notes.</param>
    /// <param name="options">Progress and cancellation.</param>
    /// <returns>The manifest as it is then.</returns>
    /// <exception cref="InvalidDataException">It answers differently whatever is done; the line names place and difference.</exception>
    internal ModelManifest Verify(string folder, string onnxPath, Classifier model, PrepareOptions options)
    {
        using ModelPackage package = ModelPackage.Open(folder);
        ModelManifest manifest = package.Manifest;
        string name = Path.GetFileName(onnxPath);
        try
        {
            EngineSettings settings = new Comparison(this, package, onnxPath, model, options).FindSettings();
            if (settings == manifest.Engines) return manifest;
            manifest = manifest with { Engines = settings };
        }
        catch (NativeException e)
        {
            throw new InvalidDataException($"{name}: the engine refuses the model: {MessageText.EngineReason(e.Message)}", e);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{name}: {MessageText.OneLine(e.Message)}", e);
        }
        PackageJson.WriteManifest(folder, manifest);
        return manifest;
    }

    sealed class Comparison
    {
        readonly PackageVerifier _verifier;
        readonly ModelPackage _package;
        readonly Classifier _model;
        readonly PrepareOptions _options;
        readonly string _onnxPath;
        readonly List<Division> _divisions;
        readonly List<Compared> _exits = [];
        readonly float[][] _inputs;
        readonly List<Dictionary<string, float[]>> _expected = [];
        readonly List<Dictionary<string, float[]>> _optimised = [];
        readonly HashSet<string> _rounded = [];
        readonly bool _isQuantised;
        readonly double _tolerance;
        int _done;
        int _total;

        ModelManifest Manifest => _package.Manifest;

        internal Comparison(PackageVerifier verifier, ModelPackage package, string onnxPath, Classifier model, PrepareOptions options)
        {
            _verifier = verifier;
            (_package, _onnxPath, _model, _options) = (package, onnxPath, model, options);
            _divisions = Division.All(Manifest);
            _total = _divisions.Count;
            _isQuantised = NetworkTraits.IsQuantised(model.Index);
            _tolerance = NetworkTraits.IsHalf(model) ? HalfTolerance : FloatTolerance;
            _inputs = RandomInputs();
            ModelProto file = Original();
            var index = new GraphIndex(file.Graph);
            foreach (NamedTensor output in Manifest.Outputs ?? [])
            {
                if (NetworkTraits.RandomBefore(model.Index, output.Name) is { } random)
                {
                    model.Note($"output '{output.Name}' is another one at every run, because of {random}; it was not compared");
                    continue;
                }
                _exits.Add(new Compared(
                    Manifest.Exits[^1], output.Name, true, _isQuantised ? NetworkTraits.Step(model.Index, output.Name) : null, output));
            }
            foreach (ExitInfo exit in Manifest.IsClassifier ? Manifest.Exits : [])
            {
                if (NetworkTraits.RandomBefore(model.Index, exit.Tensor) is { } random)
                {
                    model.Note($"exit '{exit.Name}' answers differently at every run, because of {random}; its answers were not compared");
                    continue;
                }
                bool isLogits = index.Exists(exit.Tensor);
                _exits.Add(new Compared(
                    exit, isLogits ? exit.Tensor : model.FileTensor(exit.Name), isLogits, _isQuantised ? NetworkTraits.Step(model.Index, exit.Tensor) : null));
            }
            Expect(file);
        }

        /// <summary>The fastest settings with which every way of running answers as the file does.</summary>
        internal EngineSettings FindSettings()
        {
            Failure? first = null;
            foreach (EngineSettings settings in s_settings)
            {
                bool differsInJoiningAlone = settings == EngineSettings.Fastest with { JoinedPlans = false };
                if (differsInJoiningAlone && first is { WasJoined: false, Reason: null }) continue;
                if (first is not null) _total += _divisions.Count;
                if (Check(settings) is not { } failure)
                {
                    if (first is not null) _model.Note($"engines are made {Describe(settings)}: otherwise {Describe(first)}");
                    return settings;
                }
                first ??= failure;
            }
            throw new InvalidDataException($"{Describe(first!)}{Locate(s_settings[^1])}");
        }

        Failure? Check(EngineSettings settings)
        {
            Division division = _divisions[0];
            List<float[]>? whole = null;
            DividedNetwork? network = null;
            try
            {
                network = new DividedNetwork(_package, settings, _options.Cancellation);
                foreach (Division each in _divisions)
                {
                    division = each;
                    _options.Cancellation.ThrowIfCancellationRequested();
                    if (Check(network, settings, each, ref whole) is { } failure) return failure;
                    _options.Progress?.Invoke(new PrepareProgress(++_done, _total));
                }
                return null;
            }
            catch (NativeException e)
            {
                return new Failure(division, network?.WasJoined ?? false, "", 0, MessageText.EngineReason(e.Message));
            }
            finally
            {
                network?.Dispose();
            }
        }

        /// <param name="network">Loaded.</param>
        /// <param name="settings">With these.</param>
        /// <param name="division">How to run it.</param>
        /// <param name="whole">Logits of all exits and samples of the whole network, which a quantised one gives however it is divided.</param>
        Failure? Check(DividedNetwork network, EngineSettings settings, Division division, ref List<float[]>? whole)
        {
            List<Compared> exits = [.. _exits.Where(e => division.Computes(e.Exit, Manifest))];
            double share = settings == s_settings[^1] ? 1 : Margin;
            IComparison[] comparisons = [.. exits.Select(e => NewComparison(e, share))];
            List<float[]> got = [];
            network.Run(division, _inputs, i =>
            {
                for (int e = 0; e < exits.Count; e++)
                {
                    float[] logits = network.Logits(exits[e].Exit.Index).ToArray();
                    _verifier.Alter?.Invoke(settings, division, logits);
                    got.Add(logits);
                    comparisons[e].Add(_expected[i][exits[e].Tensor], exits[e].Of(logits));
                }
            });
            for (int e = 0; e < exits.Count; e++)
            {
                if (!comparisons[e].Holds() && !IsAsOptimised(exits[e], e, exits.Count, got, share))
                    return new Failure(division, network.WasJoined, exits[e].What, comparisons[e].Worst, comparisons[e].Reason);
                if (!_isQuantised || whole is null) continue;
                int exit = _exits.IndexOf(exits[e]);
                for (int i = 0; i < _inputs.Length; i++)
                {
                    float[] expected = whole[(i * _exits.Count) + exit], logits = got[(i * exits.Count) + e];
                    if (!ScoreComparison.AreSame(expected, logits))
                        return new Failure(
                            division, network.WasJoined, exits[e].What, 0,
                            $"{exits[e].What} of a quantised network answers in other bits than the whole network does, "
                            + Number(ScoreComparison.Difference(expected, logits)) + " apart");
                }
            }
            whole ??= got; // of the first division, which tries all exits
            return null;
        }

        /// <summary>Whether a quantised network's scores are those of one session over the file as the inference library optimises it.</summary>
        /// <remarks>An integer kernel rounds products that lie between two integers to the one or the other as numbers of the unoptimised
        /// file do, but for the last bits. In a deep network some always do, and scores that are numbers themselves show it.</remarks>
        bool IsAsOptimised(Compared exit, int at, int exits, List<float[]> got, double share)
        {
            if (!_rounded.Contains(exit.Tensor)) return false;
            var comparison = new ScoreComparison(share * _tolerance, 0, null);
            for (int i = 0; i < _inputs.Length; i++)
            {
                float[] logits = got[(i * exits) + at];
                comparison.Add(_optimised[i][exit.Tensor], exit.Of(logits));
            }
            return comparison.Holds();
        }

        /// <summary>Runs the file optimised, and notes the exits that differ from the unoptimised one by rounding at most.</summary>
        void ExpectOptimised(ModelProto file, string[] tensors)
        {
            try
            {
                using ReferenceNetwork reference = OpenReference(file, tensors, NativeOptimization.All);
                foreach (float[] input in _inputs) _optimised.Add(reference.Run(input));
            }
            catch (NativeException)
            {
                // Then the unoptimised file alone decides.
                return;
            }
            foreach (string tensor in tensors)
            {
                // Integers are the same or not.
                if (Manifest.Outputs?.Any(output => output.Name == tensor && output.IsInteger) == true) continue;
                var comparison = new ScoreComparison(MostRounding, 0, null);
                for (int i = 0; i < _inputs.Length; i++) comparison.Add(_expected[i][tensor], _optimised[i][tensor]);
                if (comparison.Holds()) _rounded.Add(tensor);
            }
        }

        IComparison NewComparison(Compared compared, double share)
        {
            if (compared.Output is { } output && (output.IsInteger || _isQuantised))
                return new TensorComparison(output, share * _tolerance, share * MostOff, compared.Step, _isQuantised);
            // Every sample of a float network must hold.
            return new ScoreComparison(share * _tolerance, share * MostOff, compared.Step);
        }

        /// <summary>The file, frozen where it was exported in training mode.</summary>
        ModelProto Original() => _model.Frozen ?? OnnxFile.Parse(File.ReadAllBytes(_onnxPath), Path.GetFileName(_onnxPath));

        void Expect(ModelProto file)
        {
            string[] tensors = [.. _exits.Select(e => e.Tensor).Distinct()];
            if (tensors.Length == 0) return;
            using ReferenceNetwork reference = OpenReference(file, tensors);
            foreach (float[] input in _inputs) _expected.Add(reference.Run(input));
            if (_isQuantised) ExpectOptimised(file, tensors);
            foreach (Compared each in _exits)
            {
                if (_expected.All(values => values[each.Tensor].Any(float.IsNaN)))
                    _model.Note($"{each.What} of the file gives NaN for every random input; comparing it shows nothing");
            }
        }

        ReferenceNetwork OpenReference(ModelProto file, string[] tensors, NativeOptimization optimization = NativeOptimization.None)
        {
            string folder = Path.GetDirectoryName(Path.GetFullPath(_onnxPath))!;
            try
            {
                return ReferenceNetwork.Open(file, folder, Inputs(), tensors, optimization);
            }
            catch (NativeException e) when (e.Status == NativeStatus.ModelRejected)
            {
                // Links to external data that ONNX Runtime does not follow: the same bytes as this library reads them.
                ModelProto loaded = OnnxFile.Load(_onnxPath).Model;
                return ReferenceNetwork.Open(loaded, folder, Inputs(), tensors, optimization);
            }

            IReadOnlyList<NamedTensor> Inputs() =>
                Manifest.Inputs ?? [new NamedTensor(Manifest.Cuts[0].Tensor, [.. _package.BoundaryDims(0).Select(d => (int)d)], "float32", 0)];
        }

        float[][] RandomInputs()
        {
            double macs = Manifest.Units.Sum(u => (double)u.Macs);
            int count = _isQuantised
                ? (int)Math.Clamp(QuantisedMacs / Math.Max(macs, 1), LeastSamplesOfQuantised, MostSamplesOfQuantised)
                : macs > LargeMacs ? SamplesOfLargeNetworks : Samples;
            // All answers of a quantised network are kept.
            if (!Manifest.IsClassifier) count = Math.Clamp(MostNumbersKept / Manifest.AnswerElements, SamplesOfLargeNetworks, count);
            var random = new Random(Seed);
            // A source's bytes are 0..255 before they are scaled.
            double largest = Math.Clamp(255 * Manifest.Input.ByteScale, 1e-3, 1e6);
            var inputs = new float[count][];
            for (int i = 0; i < count; i++)
            {
                inputs[i] = new float[Manifest.Input.Elements];
                bool isUniform = i % 2 == 0;
                InputExamples.Fill(
                    inputs[i], Manifest.Inputs,
                    () => (float)(isUniform
                        ? largest * random.NextDouble()
                        : Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())),
                    random.NextDouble);
            }
            return inputs;
        }

        static string Describe(EngineSettings settings) =>
            string.Join(", ", new[]
            {
                settings.Optimization == EngineOptimization.Default ? null : $"with optimisation '{settings.Optimization.ToString().ToLowerInvariant()}'",
                settings.SharedWeights ? null : "with weights that are not shared",
                settings.JoinedPlans ? null : "one per stop",
            }.Where(text => text is not null));

        string Describe(Failure failure) =>
            failure.Reason is { } reason
                ? $"{failure.Division.Describe(Manifest)} fails: {reason}"
                : $"{failure.Division.Describe(Manifest)} does not answer as the file does: {failure.What} differs "
                    + $"by {Number(failure.Difference)} of its largest score, "
                    + (_isQuantised
                        ? $"one step of its last quantised tensor on {100 * MostOff:0} % of the samples is allowed"
                        : $"{Number(_tolerance)} is allowed");

        static string Number(double value) => value.ToString("0.0e+0", CultureInfo.InvariantCulture);

        /// <summary>Names the first unit whose result differs; empty where none does.</summary>
        string Locate(EngineSettings settings)
        {
            try
            {
                ModelProto file = Original();
                var index = new GraphIndex(file.Graph);
                string[] boundaries = [.. Manifest.Cuts.Take(Manifest.Units.Count).Skip(1).Select(c => c.Tensor).Where(index.Exists)];
                if (boundaries.Length == 0) return "";
                var expected = new List<Dictionary<string, float[]>>();
                using (ReferenceNetwork reference = OpenReference(file, boundaries))
                    foreach (float[] input in _inputs.Take(SamplesOfLargeNetworks)) expected.Add(reference.Run(input));
                using var network = new DividedNetwork(_package, settings, _options.Cancellation);
                int first = int.MaxValue;
                network.Run(new Division(Manifest.LocalCut, 0, Fusion.None), [.. _inputs.Take(SamplesOfLargeNetworks)], i =>
                {
                    for (int unit = 1; unit < Manifest.Units.Count && unit < first; unit++)
                    {
                        if (!expected[i].TryGetValue(Manifest.Cuts[unit].Tensor, out float[]? values)) continue;
                        double largest = values.Where(float.IsFinite).Select(x => (double)Math.Abs(x)).DefaultIfEmpty(0).Max();
                        if (ScoreComparison.Difference(values, network.Boundary(unit)) > 10 * _tolerance * Math.Max(largest, 1e-30)) first = unit;
                    }
                });
                if (first == int.MaxValue) first = Manifest.Units.Count;
                string tensor = first == Manifest.Units.Count ? Manifest.Exits[^1].Tensor : Manifest.Cuts[first].Tensor;
                string made = _model.Index.Producer(tensor) is >= 0 and int n ? $", made by {_model.Index.Nodes[n].OpType}" : "";
                return $"; the first unit to differ is {first} ('{Manifest.Units[first - 1].Name}'{made})";
            }
            catch (NativeException)
            {
                return "";
            }
        }
    }
}
