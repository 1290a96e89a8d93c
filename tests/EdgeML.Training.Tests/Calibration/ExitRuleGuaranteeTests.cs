using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Policies;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Tests.Control.Costs;
using EdgeML.Training.Calibration;
using EdgeML.Training.Data;
using EdgeML.Training.Evaluation;

namespace EdgeML.Training.Tests.Calibration;

/// <summary>Calibration and guarantee under every exit rule, on the shipped model.</summary>
public sealed class ExitRuleGuaranteeTests(ITestOutputHelper output) : IDisposable
{
    const int Samples = 500;
    const double MaxLoss = 0.03;

    readonly string _folder = Directory.CreateTempSubdirectory("edgeml-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    static string Shipped()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string path = Path.Combine(at.FullName, "models", "shapes-vgg.onnx");
            if (File.Exists(path)) return path;
        }
        throw new FileNotFoundException("models/shapes-vgg.onnx");
    }

    [Theory]
    [InlineData("entropy")]
    [InlineData("max-probability")]
    [InlineData("margin")]
    [InlineData("patience:2")]
    [InlineData("custom:lead")]
    public void Guarantee_OfARule_IsKeptBySessionsAndHoldsOnOtherInputs(string text)
    {
        var rule = ExitRule.Parse(text);
        var backend = new BackendOptions { CustomExitRule = rule.Kind == ExitRuleKind.Custom ? new Lead() : null };
        string folder = Path.Combine(_folder, "package");
        ModelPreparation.Prepare(Shipped(), folder, new PrepareOptions { ExitRule = rule });
        using ModelPackage package = ModelPackage.Open(folder);
        using BranchedModel model = BranchedModel.Load(package, backend);
        ExitCalibration record = Record(model, seed: 4001, out ExitCalibration agreement);
        Assert.Equal(rule, record.Rule);
        GuaranteeOutcome outcome = GuaranteeCalibration.Guarantee(package.Manifest, record, agreement, MaxLoss, 0.95, seed: 1);
        package.SaveCalibration(record);
        AccuracyGuarantee guarantee = package.SaveGuarantee(outcome.Guarantee);
        output.WriteLine($"{rule}: {outcome}");
        Assert.Equal(rule, guarantee.Rule);
        Assert.True(outcome.Saved > 0.2, $"{rule} saves {outcome.Saved}");

        using var session = new EdgeSession(model, new EdgeSessionOptions { KeepGuarantee = true, Policy = new ExitPolicy([1, 1, 1], package.Manifest.LocalCut) });
        using ImageSource source = DataSpec.Parse("shapes:seed=9001,difficulty=mixed").Open(package.Manifest.Input.Shape);
        using var whole = new ExitRecorder(model);
        byte[] picture = new byte[source.Elements];
        (int lost, int early) = (0, 0);
        for (int i = 0; i < Samples; i++)
        {
            int label = source.Read(i, picture);
            TaskResult answer = session.Run(picture);
            whole.Record(picture, label);
            if (answer.Exit == package.Manifest.Exits.Count) continue;
            early++;
            Assert.True(answer.Entropy < guarantee.Limits[answer.Exit - 1]);
            Assert.Equal(whole.Entropy(i, answer.Exit), answer.Entropy, 1e-4f);
            if (answer.Class != label && whole.Class(i, package.Manifest.Exits.Count) == label) lost++;
        }
        output.WriteLine($"{early} of {Samples} left early, {lost} lost");
        Assert.InRange(lost, 0, (int)(MaxLoss * Samples));
        Assert.True(early > Samples / 5, $"{early} left early");
    }

    ExitCalibration Record(BranchedModel model, int seed, out ExitCalibration agreement)
    {
        using ImageSource source = DataSpec.Parse($"shapes:seed={seed},difficulty=mixed").Open(model.Manifest.Input.Shape);
        using ExitRecorder recorder = ExitRecording.Record(model, source, Samples);
        agreement = recorder.ToCalibration(source.Spec, byLabels: false);
        return recorder.ToCalibration(source.Spec);
    }

    [Fact]
    public void Guarantee_SamplesOfAnotherRule_AreRefused()
    {
        ModelManifest margin = SyntheticModel.Manifest().WithExitRule(ExitRule.Margin);
        ExitCalibration record = SyntheticModel.Samples(100, 1);
        string message = Assert.Throws<ArgumentException>(() => new ExitSamples(record, margin)).Message;
        Assert.Equal("the samples of synthetic seed 1 are of the exit rule entropy, model synthetic decides by margin", message);
    }

    [Fact]
    public void Work_ExitBeforeATriedOne_CountsUnderPatience()
    {
        Span<double> entropy = stackalloc double[4], patience = stackalloc double[4];
        new ExitWork(SyntheticModel.Manifest()).Fill([0, 0, 0.5f], entropy);
        new ExitWork(SyntheticModel.Manifest().WithExitRule(ExitRule.AfterAgreement(2))).Fill([0, 0, 0.5f], patience);
        Assert.Equal(entropy[0], patience[0]);
        double head = 100_000.0 / 12_000_000;
        for (int exit = 1; exit < 4; exit++) Assert.Equal(head, patience[exit] - entropy[exit], 12);
    }

    [Fact]
    public void Result_BestOfManyThresholds_LosesNoMoreThanAsked()
    {
        ExitCalibration record = SyntheticModel.Samples(600, 2);
        var result = new ExitRuleResult(record, SyntheticModel.Manifest());
        double before = double.PositiveInfinity;
        foreach (double lost in (double[])[0, 0.01, 0.05, 1])
        {
            ExitCurveRow row = result.LeastWork(lost);
            Assert.True(row.Accuracy >= result.Whole.Accuracy - lost - 1e-9);
            Assert.True(row.MeanMacs <= before);
            before = row.MeanMacs;
        }
        Assert.True(result.MostRight(0.6)?.MeanMacs <= 0.6 * result.WholeMacs);
        Assert.Null(result.MostRight(0));
    }

    /// <summary>Unsure where the first two scores are near each other: the margin of logits instead of probabilities.</summary>
    sealed class Lead : ICustomExitRule
    {
        public string Name => "lead";

        public float Uncertainty(int exit, ReadOnlySpan<float> output)
        {
            (float first, float second) = (float.NegativeInfinity, float.NegativeInfinity);
            foreach (float score in output)
            {
                if (score > first) (first, second) = (score, first);
                else if (score > second) second = score;
            }
            return MathF.Exp(second - first);
        }
    }
}
