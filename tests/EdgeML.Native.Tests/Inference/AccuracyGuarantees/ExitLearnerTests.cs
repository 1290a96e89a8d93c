using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Inference.AccuracyGuarantees;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Inference.Engines;

namespace EdgeML.Native.Tests.Inference.AccuracyGuarantees;

public sealed class ExitLearnerTests
{
    /// <summary>The whole network is out of reach, and so exits are used.</summary>
    static readonly Requirements s_short = new(1e-6, double.PositiveInfinity);

    static EdgeSessionOptions Options(Requirements bounds, string controller = PolicyControllers.Planner) =>
        new() { ControllerName = controller, Requirements = bounds, CheckShare = 1, WarmUp = false };

    [Theory]
    [InlineData(PolicyControllers.Planner)]
    [InlineData(PolicyControllers.EdgeML)]
    public void Run_NotCalibrated_LearnsWhatExitsSayAndTellsTheController(string controller)
    {
        using var loaded = new LoadedGraph("residual");
        using var session = new EdgeSession(loaded.Model, Options(s_short, controller));
        Assert.Null(session.Calibration);
        using var recorder = new ExitRecorder(loaded.Model);
        for (int task = 0; session.Calibration is null; task++)
        {
            float[] input = loaded.Input(task);
            session.Run(input);
            // Every task is sampled, one after the other.
            session.Flush();
            recorder.Record(input, -1);
        }
        Assert.Equal(ExitLearner.FirstSamples, recorder.Samples);
        Assert.Equal(new CalibrationInfo(ExitLearner.FirstSamples, "this session's tasks", Labelled: false, Learned: true), session.Calibration);

        // At the next decision, that is.
        for (int i = 0; i <= ControlIntervals.MaxInterval; i++) session.Run(loaded.Input(i));
        PolicyEstimate expected = session.Explanation.Expected;
        Assert.Equal(AccuracyBasis.Agreement, expected.Judged);
        Assert.InRange(expected.Accuracy, 0, 1);
        Assert.Contains("agreement with the whole network", session.Explanation.ToString());
    }

    [Fact]
    public void Run_NotCalibratedAndExitsUsed_WarnsOnce()
    {
        using var loaded = new LoadedGraph("residual");
        var told = new List<string>();
        using var session = new EdgeSession(loaded.Model, Options(s_short) with { OnWarning = told.Add });
        for (int i = 0; i < 10; i++) session.Run(loaded.Input(i));
        string warning = Assert.Single(told);
        Assert.Contains("not calibrated", warning);
        Assert.Equal(told, session.Warnings);
        session.Requirements = new Requirements(2e-6, double.PositiveInfinity);
        session.Run(loaded.Input(1));
        Assert.Single(session.Warnings);
    }

    [Fact]
    public void Run_WholeNetworkInsideTheBounds_NoExitAnswersAndNothingIsWarnedOf()
    {
        using var loaded = new LoadedGraph("residual");
        using var session = new EdgeSession(loaded.Model, Options(new Requirements(60_000, double.PositiveInfinity)) with { CheckShare = 0 });
        for (int i = 0; i < 20; i++) Assert.Equal(loaded.Manifest.Exits.Count, session.Run(loaded.Input(i)).Exit);
        Assert.Empty(session.Warnings);
        Assert.True(double.IsNaN(session.Explanation.Expected.Accuracy));
        Assert.Contains("accuracy unknown (not calibrated)", session.Explanation.ToString());
    }

    [Fact]
    public void Create_CalibratedOnAHandful_CountsAsNotCalibrated()
    {
        using var loaded = new LoadedGraph("residual");
        using var recorder = new ExitRecorder(loaded.Model);
        for (int i = 0; i < 10; i++) recorder.Record(loaded.Input(i), -1);
        loaded.Model.Package.SaveCalibration(recorder.ToCalibration("ten"));
        using var session = new EdgeSession(loaded.Model, Options(s_short));
        Assert.Contains("calibrated on 10 samples, at least 50 are needed", Assert.Single(session.Warnings));
        Assert.True(double.IsNaN(session.Explanation.Expected.Accuracy));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void Create_WarmUp_AsksForTheWholeNetworkAndCountsNoTask(bool? warmUp, bool asked)
    {
        using var loaded = new LoadedGraph("residual");
        using var session = new EdgeSession(
            loaded.Model, Options(new Requirements(60_000, double.PositiveInfinity)) with { WarmUp = warmUp, CheckShare = 0, InFlight = 2 });
        var whole = new PlanKey(0, loaded.Manifest.LocalCut, 0);
        Assert.Equal(0, session.Control.Tasks);
        loaded.Model.WaitForFusion(TimeSpan.FromMinutes(2));
        Assert.Equal(asked, loaded.Model.Fused.Find(whole, out _) is not null);
        Assert.Equal(0, session.Run(loaded.Input(1)).TaskId);
    }

    [Fact]
    public void Create_NoController_DoesNotWarmUp()
    {
        using var loaded = new LoadedGraph("residual");
        using var session = new EdgeSession(loaded.Model);
        loaded.Model.WaitForFusion(TimeSpan.FromMinutes(2));
        Assert.Null(loaded.Model.Fused.Find(new PlanKey(0, loaded.Manifest.LocalCut, 0), out _));
    }
}
