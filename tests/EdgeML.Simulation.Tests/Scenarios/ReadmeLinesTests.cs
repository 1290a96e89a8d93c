using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Baselines;
using EdgeML.Simulation.Worlds;

namespace EdgeML.Simulation.Tests.Scenarios;

/// <summary>The README's lines in virtual time: the shipped model as prepared, what its exits really say of 3,000 pictures, no tail. Nothing
/// depends on how fast or how busy this machine is.</summary>
public sealed class ReadmeLinesTests(ShippedModel shipped) : IClassFixture<ShippedModel>
{
    const int Pictures = 3000;

    // The package's calibration has other seeds.
    static ExitCalibration? s_pictures;

    ExitCalibration Inputs => s_pictures ??= shipped.Record("shapes:seed=1,difficulty=mixed", Pictures);

    double Whole => Enumerable.Range(0, Pictures).Average(i => Inputs.IsCorrect(i, shipped.Manifest.Exits.Count) ? 1.0 : 0);

    VirtualRun Run(string controller, Requirements bounds, ExitCalibration? calibration, double slowFirstMs = 0)
    {
        var world = new VirtualWorld
        {
            Manifest = shipped.Manifest,
            Edge = shipped.Machine,
            Tail = shipped.Machine,
            Samples = Inputs,
            Link = (_, _) => new VirtualLink(0, 0),
            Bounds = (_, _) => bounds,
            Tasks = Pictures,
            Jitter = 0.03,
        };
        CostModel costs = CostModel.Sceptical(shipped.Manifest, shipped.Machine, calibration, shipped.PayloadBytes, null, null, true);
        IPolicyController inner = BaselineControllers.Create(controller, new ControllerContext { Model = costs });
        return new VirtualEdge(world).Run(slowFirstMs > 0 ? new SlowFirstTask(inner, slowFirstMs) : inner);
    }

    double WholeMs => shipped.Machine.UnitMs.Sum();

    double WholeJ => shipped.Machine.Power.Joules(WholeMs, WholeMs, 0);

    [Fact]
    public void Prepare_ShippedModel_IsCalibrated()
    {
        CalibrationInfo info = shipped.Model.Package.Calibration!.Info;
        Assert.True(info.Samples >= 1000, info.ToString());
        Assert.True(info.Labelled);
    }

    [Theory]
    [InlineData(PolicyControllers.EdgeML)]
    [InlineData(PolicyControllers.Planner)]
    public void Run_BoundsFarAway_LosesNoAccuracy(string controller)
    {
        var bounds = new Requirements(20 * WholeMs, 20 * WholeJ);
        VirtualRun run = Run(controller, bounds, shipped.Model.Package.Calibration);
        Assert.True(run.Accuracy >= Whole - 0.002, $"{run.Accuracy} right, the whole network {Whole}");
        Assert.InRange(run.Decisions[^1].Explanation.Expected.Accuracy, run.Accuracy - 0.03, run.Accuracy + 0.03);
    }

    [Theory]
    [InlineData(PolicyControllers.EdgeML, 0.5, 1)]
    [InlineData(PolicyControllers.Planner, 0.5, 1)]
    [InlineData(PolicyControllers.EdgeML, 1, 0.5)]
    [InlineData(PolicyControllers.Planner, 1, 0.5)]
    [InlineData(PolicyControllers.EdgeML, 20, 0.5)]
    [InlineData(PolicyControllers.Planner, 20, 0.5)]
    public void Run_HalfOfTheWholeNetwork_UsesExitsAndSaysWhatComesOut(string controller, double latency, double energy)
    {
        var bounds = new Requirements(latency * WholeMs, energy * WholeJ);
        VirtualRun run = Run(controller, bounds, shipped.Model.Package.Calibration);
        Assert.True(run.Records.Count(record => record.Exit < shipped.Manifest.Exits.Count) > Pictures / 2, "side exits answer");
        Assert.True(run.Satisfaction > 0.9, $"satisfied {run.Satisfaction}");
        double expected = run.Decisions.Average(decision => decision.Explanation.Expected.Accuracy);
        Assert.InRange(expected, run.Accuracy - 0.03, run.Accuracy + 0.03);
        Assert.Equal(AccuracyBasis.Labels, run.Decisions[^1].Explanation.Expected.Judged);
    }

    [Theory]
    [InlineData(PolicyControllers.EdgeML)]
    [InlineData(PolicyControllers.Planner)]
    public void Run_NotCalibrated_NoExitAnswersInsideTheBounds(string controller)
    {
        VirtualRun run = Run(controller, new Requirements(2 * WholeMs, 2 * WholeJ), calibration: null);
        Assert.All(run.Records, record => Assert.Equal(shipped.Manifest.Exits.Count, record.Exit));
        Assert.All(run.Decisions, decision => Assert.True(double.IsNaN(decision.Explanation.Expected.Accuracy)));
        Assert.Contains("accuracy unknown (not calibrated)", run.Decisions[0].Explanation.ToString());
    }

    [Theory]
    [InlineData(PolicyControllers.EdgeML)]
    [InlineData(PolicyControllers.Planner)]
    public void Run_NotCalibratedAndEnergyShort_FewExitsAnswer(string controller)
    {
        VirtualRun run = Run(controller, new Requirements(20 * WholeMs, 0.9 * WholeJ), calibration: null);
        double early = run.Records.Average(record => record.Exit < shipped.Manifest.Exits.Count ? 1.0 : 0);
        Assert.InRange(early, 0.05, 0.5);
        Assert.True(run.Satisfaction > 0.9, $"satisfied {run.Satisfaction}");
        Assert.All(run.Decisions, decision => Assert.True(double.IsNaN(decision.Explanation.Expected.Accuracy)));
    }

    [Theory]
    [InlineData(PolicyControllers.EdgeML)]
    [InlineData(PolicyControllers.Planner)]
    public void Run_NotCalibratedAndTooLate_ExitsAnswerInTime(string controller)
    {
        VirtualRun run = Run(controller, new Requirements(0.8 * WholeMs, 20 * WholeJ), calibration: null);
        Assert.True(run.Satisfaction > 0.9, $"satisfied {run.Satisfaction}");
        Assert.True(run.Records.Count(record => record.Exit < shipped.Manifest.Exits.Count) > Pictures / 2, "side exits answer");
    }

    [Theory]
    [InlineData(PolicyControllers.EdgeML)]
    [InlineData(PolicyControllers.Planner)]
    public void Run_SlowFirstTask_IsForgotten(string controller)
    {
        VirtualRun run = Run(
            controller, new Requirements(5 * WholeMs, double.PositiveInfinity), shipped.Model.Package.Calibration, slowFirstMs: 25 * WholeMs);
        Assert.True(run.Accuracy >= Whole - 0.002, $"{run.Accuracy} right, the whole network {Whole}");
    }

    /// <summary>Tells a controller that the first task took far longer than the others.</summary>
    sealed class SlowFirstTask(IPolicyController inner, double ms) : IPolicyController
    {
        bool _told;

        public string Name => inner.Name;

        public bool UsesCalibration => inner.UsesCalibration;

        public DecisionExplanation Explanation => inner.Explanation;

        public LearningCounters Learning => inner.Learning;

        public ExitPolicy Next(in Observation observation) => inner.Next(observation);

        public bool Completed(in TaskRecord record)
        {
            TaskRecord told = record;
            if (!_told)
            {
                told.LatencyMs += ms;
                told.EdgeMs += ms;
            }
            _told = true;
            return inner.Completed(told);
        }

        public void Dispose() => inner.Dispose();
    }
}
