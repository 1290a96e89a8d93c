using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Tests.Control.Controllers;

public class DdpgAblationTests
{
    static readonly CostModel s_model = TinyWorld.Model();

    [Theory]
    [InlineData(false, 0.2f)]
    [InlineData(true, 0.8f)]
    public void Decode_OneThresholdForAll_OverridesTheOthersAndStoresThat(bool last, float expected)
    {
        var codec = new ActionCodec(3, [new(2, 0), new(5, 0), new(9, 0)], 5, last ? ThresholdForm.LastForAll : ThresholdForm.FirstForAll);
        ExitPolicy policy = codec.Decode([0.2f, 0.5f, 0.8f, 0.5f, 0.99f]);
        Assert.Equal([expected, expected, expected], policy.Thresholds.ToArray());
        Assert.Equal((5, 5), (policy.Cut, policy.Interval));
        float[] stored = new float[codec.Size];
        codec.Encode(policy, stored);
        Assert.Equal([expected, expected, expected], stored[..3]);
        Assert.Equal(policy, codec.Decode(stored));
    }

    [Fact]
    public void Decode_NoThresholds_ActionIsCutAndInterval()
    {
        var codec = new ActionCodec(3, [new(2, 0), new(5, 0), new(9, 0)], 5, ThresholdForm.None);
        Assert.Equal(2, codec.Size);
        ExitPolicy policy = codec.Decode([0.99f, 0.3f]);
        Assert.Equal(new ExitPolicy([0f, 0f, 0f], 9, 2), policy);
        float[] stored = new float[2];
        codec.Encode(policy, stored);
        Assert.Equal(policy, codec.Decode(stored));
    }

    [Theory]
    [InlineData(PolicyControllers.DdpgFirst)]
    [InlineData(PolicyControllers.DdpgLast)]
    [InlineData(PolicyControllers.DdpgNonBranch)]
    [InlineData(PolicyControllers.Ddpg)]
    public void Next_ManyDecisions_KeepTheFormAndMoveOn(string name)
    {
        var world = new TinyWorld(s_model);
        List<ExitPolicy> policies = world.Run(PolicyControllers.Create(name, new ControllerContext { Model = s_model, Seed = 3 }), 400);
        Assert.True(policies.Distinct().Count() > 20);
        Assert.True(policies.Select(policy => policy.Cut).Distinct().Count() > 2);
        Assert.All(policies, policy =>
        {
            float[] thresholds = policy.Thresholds.ToArray();
            if (name == PolicyControllers.DdpgNonBranch) Assert.Equal([0f, 0f, 0f], thresholds);
            else if (name != PolicyControllers.Ddpg) Assert.Single(thresholds.Distinct());
        });
        if (name == PolicyControllers.Ddpg) Assert.Contains(policies, policy => policy.Thresholds.ToArray().Distinct().Count() == 3);
    }

    [Fact]
    public void Create_EdgeOnlyAndTailOnly_AreTheOuterCutsWithoutExits()
    {
        var context = new ControllerContext { Model = s_model };
        using IPolicyController edge = PolicyControllers.Create(PolicyControllers.EdgeOnly, context);
        using IPolicyController tail = PolicyControllers.Create(PolicyControllers.TailOnly, context);
        Assert.Equal(new ExitPolicy([0f, 0f, 0f], s_model.LocalCut, 5), edge.Next(default));
        Assert.Equal(new ExitPolicy([0f, 0f, 0f], s_model.CandidateCuts[0], 5), tail.Next(default));
        Assert.Equal((PolicyControllers.EdgeOnly, PolicyControllers.TailOnly), (edge.Name, tail.Name));
    }
}
