using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Tests.Replay;

/// <summary>Recorded samples of another rule than entropy.</summary>
public sealed class ExitRuleReplayTests
{
    [Theory]
    [InlineData("margin")]
    [InlineData("max-probability")]
    [InlineData("custom:boxes")]
    public void Exits_OfAnotherRule_NameItAndReplayByIt(string rule)
    {
        string text = TinyReplay.Exits.Replace("entropy1", $"{rule}@1", StringComparison.Ordinal).Replace("entropy2", $"{rule}@2", StringComparison.Ordinal);
        ExitCalibration samples = ExitsFile.Parse(new StringReader(text), "e.csv");
        Assert.Equal(rule, samples.Rule.ToString());
        ReplayScenario scenario = new(TinyReplay.Network, samples)
        {
            Link = LinkCourse.Parse("constant:8", rttMs: 10),
            Bounds = new Requirements(1000, double.PositiveInfinity),
            Tasks = 10,
            FixedPolicy = new ExitPolicy([0.5f], 2, 5),
        };
        Assert.Equal(rule, scenario.Profile.Manifest.ExitRule.ToString());
        Assert.Equal(
            [(1, 0.1f), (2, 0.9f)], TinyReplay.Run(scenario).Run.Records.Select(record => (record.Exit, record.FirstEntropy)).Distinct().Order());
        var patient = new ExitCalibration(2, [0, 0], [true, true], "s", true) { Rule = ExitRule.AfterAgreement(2) };
        Assert.Throws<ArgumentException>(() => new ReplayScenario(TinyReplay.Network, patient)
        {
            Link = LinkCourse.Parse("constant:8", rttMs: 10),
            Bounds = Requirements.None,
            Tasks = 1,
        });
    }

    [Theory]
    [InlineData("margin@1", "entropy2")]
    [InlineData("entropy@1", "entropy@2")]
    [InlineData("median@1", "median@2")]
    public void Exits_OfTwoRulesOrNone_AreRefused(string first, string second)
    {
        string text = TinyReplay.Exits.Replace("entropy1", first, StringComparison.Ordinal).Replace("entropy2", second, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => ExitsFile.Parse(new StringReader(text), "e.csv"));
    }
}
