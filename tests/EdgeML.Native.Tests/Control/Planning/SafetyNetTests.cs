using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;

namespace EdgeML.Native.Tests.Control.Planning;

public class SafetyNetTests
{
    const int Rest = 50;

    static Observation Seen(double satisfaction, int tasks = 5) => new() { Tasks = tasks, Satisfaction = satisfaction };

    /// <summary>Moved decisions of which this was predicted and that came of them, until they are put aside.</summary>
    static int Decisions(SafetyNet net, double predicted, double kept, int most = 500)
    {
        int count = 0;
        while (net.Trusts && count < most)
        {
            net.Decided(moved: true, predicted);
            net.Observe(Seen(kept));
            count++;
        }
        return count;
    }

    [Fact]
    public void Observe_GuaranteesKept_TrustsForEver()
    {
        var net = new SafetyNet();
        Assert.Equal(500, Decisions(net, predicted: 0.97, kept: 0.95));
        Assert.True(net.Trusts);
    }

    [Fact]
    public void Observe_NothingKept_IsPutAsideAtTheFourteenthDecision()
    {
        // 0.95 to the 14th power is the first below one half.
        Assert.Equal(14, Decisions(new SafetyNet(), predicted: 1, kept: 0));
    }

    [Fact]
    public void Observe_LittleWasPredicted_IsJudgedByThat()
    {
        Assert.Equal(500, Decisions(new SafetyNet(), predicted: 0.3, kept: 0.2));
        Assert.InRange(Decisions(new SafetyNet(), predicted: 0.3, kept: 0.1), 15, 200);
    }

    [Fact]
    public void Observe_DecisionsThatDidNotMove_CountForNothing()
    {
        var net = new SafetyNet();
        for (int i = 0; i < 500; i++)
        {
            net.Decided(moved: false, 1);
            net.Observe(Seen(0));
        }
        Assert.True(net.Trusts);
    }

    [Fact]
    public void Observe_NoTasks_CountsForNothing()
    {
        var net = new SafetyNet();
        for (int i = 0; i < 500; i++)
        {
            net.Decided(moved: true, 1);
            net.Observe(Seen(0, tasks: 0));
        }
        Assert.True(net.Trusts);
    }

    [Fact]
    public void Observe_AfterFiftyDecisions_TrustsAgainAsAtFirst()
    {
        var net = new SafetyNet();
        Decisions(net, predicted: 1, kept: 0);
        for (int i = 0; i < Rest; i++)
        {
            Assert.False(net.Trusts, $"after {i} decisions");
            net.Decided(moved: false, 1);
            net.Observe(Seen(1));
        }
        Assert.True(net.Trusts);
        Assert.Equal(14, Decisions(net, predicted: 1, kept: 0));
    }
}
