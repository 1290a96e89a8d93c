using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Tests.Control.Planning;

public class DecisionExplanationTests
{
    [Fact]
    public void Why_EveryReason_IsInWordsOfItsOwn()
    {
        DecisionReason[] reasons = Enum.GetValues<DecisionReason>();
        string[] words = [.. reasons.Select(reason => new DecisionExplanation { Reason = reason, RateBitsPerSecond = 7e6 }.Why)];
        Assert.Equal(words.Length, words.Distinct().Count());
        Assert.All(reasons.Zip(words), pair => Assert.NotEqual(pair.First.ToString(), pair.Second));
        Assert.All(words, word => Assert.DoesNotContain(',', word));
        Assert.Equal("link changed to 7.0 Mbps", words[(int)DecisionReason.LinkChanged]);
    }

    [Fact]
    public void Why_BoundsThatCannotBeMet_SaysSo()
    {
        var explanation = new DecisionExplanation { Reason = DecisionReason.Missed, CannotBeMet = true };
        Assert.Equal("a task missed its bound; bounds cannot be met", explanation.Why);
    }

    [Fact]
    public void ToString_WithAndWithoutAModel_SaysWhatIsExpected()
    {
        var explanation = new DecisionExplanation
        {
            Policy = new ExitPolicy([0.5f], 3, 2),
            Expected = new PolicyEstimate { LatencyMs = 12.34, EnergyJ = 0.5, Accuracy = 0.9, Satisfaction = 1 },
        };
        Assert.Equal("first plan: cut 3, thresholds [0.50], 2 tasks; expects 12.3 ms, 0.500 J, accuracy 0.900, satisfied 1.00",
            explanation.ToString());
        explanation.Expected.LatencyMs = double.NaN;
        Assert.EndsWith("2 tasks", explanation.ToString());
    }

    [Fact]
    public void Constructor_ChoiceWithoutAModel_ExpectsNothing()
    {
        var explanation = new DecisionExplanation(new ExitPolicy([0.5f], 3, 2), DecisionReason.LinkChanged, 7e6);
        Assert.Equal("link changed to 7.0 Mbps: cut 3, thresholds [0.50], 2 tasks", explanation.ToString());
        Assert.Equal(double.NaN, explanation.Expected.Accuracy);
        Assert.False(explanation.CannotBeMet);
    }
}
