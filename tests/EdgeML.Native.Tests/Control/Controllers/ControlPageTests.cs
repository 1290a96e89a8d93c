using System.Globalization;
using System.Text.RegularExpressions;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Estimation;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Numerics;

namespace EdgeML.Native.Tests.Control.Controllers;

/// <summary>Numbers of <c>docs/reference/control.md</c> are those of the code.</summary>
public class ControlPageTests
{
    static readonly string s_root = SourceTree.Root!;
    static readonly string s_text = File.ReadAllText(Path.Combine(s_root, "docs", "reference", "control.md"));

    // Lines break anywhere.
    static readonly string s_page = string.Join(' ', s_text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    static int[] Numbers(IEnumerable<string> texts, string pattern) =>
    [
        .. texts.SelectMany(text => Regex.Matches(text, pattern, RegexOptions.Multiline))
            .Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)),
    ];

    /// <summary>The line of the page that states an equation, and those that continue it.</summary>
    static string Equation(int number) =>
        Regex.Match(s_text, $@"^    \({number}\) .*\n(?:         .*\n)*", RegexOptions.Multiline).Value;

    static void States(int number, FormattableString part) =>
        Assert.Contains(part.ToString(CultureInfo.InvariantCulture), Equation(number));

    [Fact]
    public void Equations_OfThePage_AreThoseCitedWhereTheyAreComputed()
    {
        string[] sources =
        [
            .. Directory.EnumerateFiles(Path.Combine(s_root, "src", "EdgeML.Native", "Control"), "*.cs", SearchOption.AllDirectories)
                .Select(File.ReadAllText),
        ];
        int[] stated = Numbers([s_text], @"^    \((\d+)\) "), cited = Numbers(sources, @"// \((\d+)\)\r?$");
        Assert.Equal(Enumerable.Range(1, stated.Length), stated);
        Assert.Equal(stated, cited.Distinct().Order());
        Assert.All(Numbers(sources, @"equations? (\d+)"), number => Assert.Contains(number, stated));
        Assert.All(Numbers(sources, @"equations \d+ (?:to|and) (\d+)"), number => Assert.Contains(number, stated));
    }

    [Fact]
    public void Objective_WeightsAreThePlanners()
    {
        States(8, $"+ {PlanningWeights.SatisfactionWeight} share_e");
        States(9, $"{PlanningWeights.TieWeight} min(L / L_usr + E / E_usr, {PlanningWeights.MostTie}) + [standby] {PlanningWeights.LateCost} (1 - P)");
        States(10, $"{PlanningWeights.TieWeight} right - max(L / L_usr, E / E_usr) - {PlanningWeights.LateWeight} sum_e");
        States(7, $"({CostDefaults.EnergyRamp} s_E)");
        Says($"Where the best J is below {PlanningWeights.WorthwhileScore} it");
        Says($"satisfaction is expected below {PlanningWeights.MetShare}");
        Says($"(`SatisfactionWeight`) | {PlanningWeights.SatisfactionWeight} |");
        Says($"(`TieWeight`) | {PlanningWeights.TieWeight} |");
        Says($"(`LateCost`) | {PlanningWeights.LateCost} |");
        Says($"(`LateWeight`) | {PlanningWeights.LateWeight} |");
        Says($"(`EnergyRamp`) | {CostDefaults.EnergyRamp} |");
        Says($"(`AdaptiveHysteresis`) | {PlanningWeights.AdaptiveHysteresis} | noise of the estimates; {PlanningWeights.PlannerHysteresis} for `planner`");
    }

    [Fact]
    public void Hedging_ConstantsAreThePlannersAndTheSchedules()
    {
        States(4, $"+ {CostDefaults.LeastSpreadMs} ms");
        States(12, $"max({CostDefaults.HandOverShare} L_usr, {CostDefaults.LeastHandOverMs} ms), {CostDefaults.MostHandOverShare} L_usr)");
        States(14, $"> {PlanningWeights.LeastStandby} and {PlanningWeights.LeastHope} < P < {1 - PlanningWeights.LeastStandby}");
        States(15, $"J - {PlanningWeights.LeastGain} is");
        States(16, $"min(k / (1 - k), {PlanningWeights.MaxTasksAhead})");
        States(17, $"max({EstimationDefaults.ChanceLeastVariance}, ");
    }

    [Fact]
    public void Estimators_ConstantsAreTheirs()
    {
        States(19, $"(age - {EstimationDefaults.ForgetSeconds} s) / {EstimationDefaults.ForgetSeconds} s");
        States(20, $"min(age, {EstimationDefaults.MostSpreadSeconds} s) + {EstimationDefaults.LeastSpreadSeconds} s");
        States(21, $"^{EstimationDefaults.Temper}, normalised, at least {EstimationDefaults.LeastExpertWeight}");
        States(22, $"{EstimationDefaults.ReturnsKept} returns");
        States(25, $"{EstimationDefaults.SpeedDrift}^2 I;  at first P_ij = {EstimationDefaults.SharedError}^2 + [i = j] {EstimationDefaults.OwnError}^2");
        States(28, $"{EstimationDefaults.NewLevelDeviations}^2 S");
        States(29, $", {EstimationDefaults.MostJitterSquare})");
        States(30, $"{EstimationDefaults.MixWeight} (P(");
        States(31, $"clip({EstimationDefaults.MarginErrors} mean |error|, {EstimationDefaults.LeastLocalMargin}, {EstimationDefaults.MostMargin})");
        States(31, $"{EstimationDefaults.LeastRemoteMargin} at least");
        States(32, $"max({CostDefaults.OverheadWeight}, ");
        States(34, $"clip(left, {CostDefaults.LeastLevel}, {CostDefaults.MostLevel})");
        Assert.Equal(0.5, CostDefaults.SavingsShare);
        States(35, $"< {CostDefaults.ClosingDeviations} s sqrt(k)");
        States(36, $"T < {CostDefaults.SavedShare} k");
    }

    [Fact]
    public void Learning_ConstantsAreTheLearners()
    {
        States(37, $"clipped to -{LearningDefaults.StateLimit}..{LearningDefaults.StateLimit}");
        States(37, $"CH / {LearningDefaults.ReferenceRate / 1e6} Mbps");
        States(44, $"{LearningDefaults.ResidualScale} (2 mu(s) - 1)");
        States(45, $"at most {PlanningWeights.ResidualTolerance}");
        States(46, $"for {PlanningWeights.SafetyRestDecisions} decisions if satisfaction observed < {PlanningWeights.SafetyShare} expected");
    }

    static void Says(FormattableString sentence) => Assert.Contains(sentence.ToString(CultureInfo.InvariantCulture), s_page);

    [Fact]
    public void Intervals_AreThoseOfTheLoop() =>
        Says($"last q = {ControlIntervals.StateIntervals} action intervals");

    [Fact]
    public void Profile_ErrorsAreSharedAsTheFilterDoes()
    {
        double shared = DeviceSpeedFilter.SharedShare;
        Says($"at first {100 * shared:0} % of an error is taken for the whole device's and {100 * (1 - shared):0} % for the range's own");
        Assert.Equal(0.06 * 0.06 / ((0.06 * 0.06) + (0.04 * 0.04)), shared, 12);
        Says($"their standard deviations are 6 % and 4 %");
    }

    [Fact]
    public void Standby_LimitsAreThePlanners()
    {
        Says($"The plan must be better by {PlanningWeights.LeastGain}");
        Says($"where P is between {PlanningWeights.LeastHope} and {1 - PlanningWeights.LeastStandby}");
        Says($"late : - {PlanningWeights.LateCost} (1 - P)");
    }

    [Fact]
    public void Residual_ScaleAndToleranceAreTheControllers()
    {
        Says($"a = clip(a_plan + {LearningDefaults.ResidualScale} (2 mu(s) - 1))");
        Says($"at most {PlanningWeights.ResidualTolerance} of expected goodput may be given up");
    }

    [Fact]
    public void Learning_SettingsAreTheDefaults()
    {
        var ddpg = new DdpgOptions();
        Assert.Equal((1e-4f, 1e-3f), (ddpg.ActorRate, ddpg.CriticRate));
        Says($"{ddpg.Hidden}-{ddpg.Hidden}, Adam 1e-4 / 1e-3, gamma {ddpg.Discount}, tau {ddpg.Tau}, batch {ddpg.Batch}, replay 10,000");
        Assert.Equal(10_000, ddpg.Capacity);
        Says($"a pull to the plan that fades over {ddpg.CloningUpdates} updates");
    }

    [Fact]
    public void Noise_AtFirst_HasTheStandardDeviationThatThePageOfTheSweepNames()
    {
        var ddpg = new DdpgOptions();
        var noise = new OrnsteinUhlenbeck(20_000, ddpg.NoiseTheta, ddpg.NoiseSigma, ddpg.NoiseDecay, ddpg.NoiseFloor,
            new SeededRandom(1, stream: 3));
        double most = 0;
        for (int decision = 0; decision < 60; decision++)
        {
            double square = 0;
            foreach (float value in noise.Next()) square += value * value;
            most = Math.Max(most, Math.Sqrt(square / 20_000));
        }
        Assert.Equal(0.37, most, 0.01);
    }
}
