using EdgeML.Native.Inference.Engines;

namespace EdgeML.Native.Tests.Inference.Engines;

public class BatchPlanTests
{
    static BatchPlan Of(params (int Rows, double Ms)[] measured) => new(new PlanKey(0, 3, 0), [], measured);

    [Fact]
    public void Most_IsTheLastSizeThatSaves()
    {
        Assert.Equal(8, Of((1, 10), (2, 18), (4, 32), (8, 60)).Most);
        Assert.Equal(4, Of((1, 10), (2, 18), (4, 32), (8, 63.9)).Most); // one more percent is not worth the wait
        Assert.Equal(1, Of((1, 10), (2, 19.8), (4, 39)).Most);
        Assert.Equal(4, Of((1, 10), (2, 21), (4, 30), (8, 80)).Most);
    }

    [Fact]
    public void Pays_OnlyWhereRowsTogetherAreFaster()
    {
        BatchPlan plan = Of((1, 10), (2, 21), (4, 30), (8, 80));
        Assert.Equal([false, false, false, true, true, false], Enumerable.Range(0, 6).Select(plan.Pays));
        Assert.Equal(25.5, plan.Milliseconds(3));
        Assert.Equal(20, plan.Milliseconds(2));
        Assert.Equal(30 + 30 + 10, plan.Milliseconds(9));
        Assert.Equal(10, plan.Milliseconds(1));
    }

    [Fact]
    public void Milliseconds_WhereNothingPays_AreThoseOfRowsAlone()
    {
        BatchPlan plan = Of((1, 10), (2, 25), (3, 40));
        Assert.Equal(30, plan.Milliseconds(3));
        Assert.False(plan.Pays(3));
    }
}
