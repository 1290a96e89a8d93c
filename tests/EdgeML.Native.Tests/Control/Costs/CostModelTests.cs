using EdgeML.Native.Control.Costs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Tests.Control.Costs;

public class CostModelTests
{
    static readonly ModelManifest s_manifest = SyntheticModel.Manifest();
    static readonly DeviceProfile s_edge = SyntheticModel.Edge();
    static readonly DeviceProfile s_tail = s_edge.Scaled(0.1);
    static readonly ExitCalibration s_samples = SyntheticModel.Samples(400, seed: 3);

    static CostModel Model(ExitCalibration? samples = null) => new(s_manifest, s_edge, s_tail, samples ?? s_samples);

    static PlanningConditions Link(double mbps, double rttMs = 12) =>
        PlanningConditions.From(
            new LinkSnapshot { Up = true, RateBitsPerSecond = mbps * 1e6, RttMs = rttMs, TailFactor = 2, TailQueueMs = 3 });

    /// <summary>One sample through the network, written down straight from the definition.</summary>
    static (double LatencyMs, double EnergyJ, bool Right, bool InTime, double Bytes) Walk(
        int sample, in ExitPolicy policy, double mbps, double rttMs, double boundMs)
    {
        double edgeMs = 0, tailMs = 0;
        for (int unit = 0; unit <= s_manifest.Units.Count; unit++)
        {
            bool onEdge = unit <= policy.Cut;
            if (unit > 0)
            {
                if (onEdge) edgeMs += s_edge.UnitMs[unit - 1];
                else tailMs += 2 * s_tail.UnitMs[unit - 1];
            }
            foreach (ExitInfo exit in s_manifest.Exits.Where(exit => exit.AfterUnit == unit))
            {
                bool final = exit.Index == s_manifest.Exits.Count;
                if (!final)
                {
                    if (policy.Thresholds[exit.Index - 1] <= 0) continue;
                    if (onEdge) edgeMs += s_edge.HeadMs[exit.Index - 1];
                    else tailMs += 2 * s_tail.HeadMs[exit.Index - 1];
                    if (!(s_samples.Entropy(sample, exit.Index) < policy.Thresholds[exit.Index - 1])) continue;
                }
                double bytes = onEdge ? 0 : s_manifest.Cuts[policy.Cut].Bytes + CostModel.FrameBytes;
                double sendMs = bytes * 8 / (mbps * 1000);
                double latency = edgeMs + (onEdge ? 0 : tailMs + rttMs + 3 + sendMs);
                double joules = s_edge.Power.Joules(latency, edgeMs, sendMs);
                return (latency, joules, s_samples.IsCorrect(sample, exit.Index), latency <= boundMs, bytes);
            }
        }
        throw new InvalidOperationException("a sample found no exit");
    }

    public static TheoryData<float, float, float, int, double> Policies => new()
    {
        { 0f, 0f, 0f, 12, 8 },
        { 1f, 0f, 0f, 12, 8 },
        { 0.3f, 0.4f, 0.5f, 12, 8 },
        { 0.3f, 0.4f, 0.5f, 0, 8 },
        { 0.3f, 0f, 0.5f, 3, 2 },
        { 0.2f, 0.2f, 0.2f, 6, 0.5 },
        { 0f, 0.9f, 0.1f, 9, 20 },
    };

    [Theory]
    [MemberData(nameof(Policies))]
    public void Estimate_AnyPolicy_EqualsWalkingEverySample(float first, float second, float third, int cut, double mbps)
    {
        var policy = new ExitPolicy([first, second, third], cut);
        PlanningConditions conditions = Link(mbps);
        (conditions.LocalMargin, conditions.RemoteMargin) = (0, 0);
        var bounds = new Requirements(60, double.PositiveInfinity);
        PolicyEstimate estimate = Model().Estimate(policy, conditions, bounds);
        var walked = Enumerable.Range(0, s_samples.Samples).Select(i => Walk(i, policy, mbps, 12, 60)).ToList();
        Assert.Equal(walked.Average(each => each.LatencyMs), estimate.LatencyMs, 1e-2);
        Assert.Equal(walked.Average(each => each.EnergyJ), estimate.EnergyJ, 1e-4);
        Assert.Equal(walked.Average(each => each.Bytes), estimate.Bytes, 1.0);
        Assert.Equal(walked.Average(each => each.Right ? 1.0 : 0), estimate.Accuracy, 1e-4);
        Assert.Equal(walked.Average(each => each.InTime ? 1.0 : 0), estimate.Satisfaction, 1e-4);
        Assert.Equal(walked.Average(each => each.InTime && each.Right ? 1.0 : 0), estimate.Goodput, 1e-4);
    }

    [Fact]
    public void Estimate_ExitExactlyAtTheCut_IsTriedOnTheEdge()
    {
        // Exit 1 sits after unit 3; everybody leaves there.
        int unit = s_manifest.Exits[0].AfterUnit;
        PolicyEstimate estimate = Model().Estimate(new ExitPolicy([1f, 0f, 0f], unit), Link(1), Requirements.None);
        Assert.Equal(0, estimate.Bytes);
        Assert.Equal(s_edge.UnitMs.Take(unit).Sum() + s_edge.HeadMs[0], estimate.LatencyMs, 1e-3);
    }

    [Fact]
    public void Estimate_MeanEnergyFarFromTheBound_IsSureEitherWay()
    {
        CostModel model = Model();
        var local = new ExitPolicy([0f, 0f, 0f], model.LocalCut);
        double joules = model.Estimate(local, Link(8), Requirements.None).EnergyJ;
        Assert.Equal(1, model.Estimate(local, Link(8), new Requirements(1e6, joules * 1.2)).Satisfaction, 1e-5);
        Assert.Equal(0.5, model.Estimate(local, Link(8), new Requirements(1e6, joules)).Satisfaction, 1e-2);
        Assert.Equal(0, model.Estimate(local, Link(8), new Requirements(1e6, joules * 0.8)).Satisfaction, 1e-5);
    }

    [Fact]
    public void UseTail_TimesOfTheHandshake_ReplaceTheGuess()
    {
        var model = new CostModel(s_manifest, s_edge, null, s_samples);
        var send = new ExitPolicy([0f, 0f, 0f], 0);
        PlanningConditions conditions = Link(100);
        double guessed = model.Estimate(send, conditions, Requirements.None).LatencyMs;
        model.UseTail(s_edge);
        double told = model.Estimate(send, conditions, Requirements.None).LatencyMs;
        Assert.Equal(2 * s_edge.UnitMs.Sum() * (1 - (1 / CostModel.GuessedTailSpeed)), told - guessed, 1e-3);
    }

    [Fact]
    public void Estimate_WithoutCalibration_DeeperIsBetterAndLaterLeaves()
    {
        var model = new CostModel(s_manifest, s_edge, s_tail, null);
        PolicyEstimate shallow = model.Estimate(new ExitPolicy([0.8f, 0f, 0f], 12), Link(8), Requirements.None);
        PolicyEstimate deep = model.Estimate(new ExitPolicy([0.2f, 0.2f, 0.2f], 12), Link(8), Requirements.None);
        Assert.True(deep.Accuracy > shallow.Accuracy, $"{deep.Accuracy} against {shallow.Accuracy}");
        Assert.True(deep.LatencyMs > shallow.LatencyMs);
    }

    [Fact]
    public void Constructor_ThingsThatDoNotFit_SayTheirNumbers()
    {
        var shortProfile = s_edge with { UnitMs = [1, 2] };
        Assert.Contains("2 units", Assert.Throws<ArgumentException>(() => new CostModel(s_manifest, shortProfile, null, null)).Message);
        var negative = s_edge with { HeadMs = [1, -2, 1] };
        Assert.Contains("-2 ms", Assert.Throws<ArgumentException>(() => new CostModel(s_manifest, negative, null, null)).Message);
        var twoExits = new ExitCalibration(2, [0.1f, 0.2f], [true, true], "x", true);
        Assert.Contains("2 exits", Assert.Throws<ArgumentException>(() => new CostModel(s_manifest, s_edge, null, twoExits)).Message);
        Action payload = () => _ = new CostModel(s_manifest, s_edge, null, null, payloadBytes: [1, 2, 3]);
        Assert.Contains("3 payload", Assert.Throws<ArgumentException>(payload).Message);
    }

    [Fact]
    public void CandidateCuts_RawInputOff_LeavesCutZeroOut()
    {
        Assert.Contains(0, Model().CandidateCuts);
        var model = new CostModel(s_manifest, s_edge, s_tail, s_samples, rawInput: false);
        Assert.DoesNotContain(0, model.CandidateCuts);
        Assert.Equal(s_manifest.LocalCut, model.CandidateCuts[^1]);
    }
}
