using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Control.Controllers;
using EdgeML.Simulation.Baselines;

namespace EdgeML.Simulation.Tests.Baselines;

public class BaselinesTests
{
    static readonly CostModel s_model = TinyWorld.Model();

    public static TheoryData<string> Names => [.. BaselineControllers.Names];

    static IPolicyController Create(string name, int seed = 1) =>
        BaselineControllers.Create(name, new ControllerContext { Model = s_model, Seed = seed });

    [Theory]
    [MemberData(nameof(Names))]
    public void Run_SameSeed_SamePolicies(string name)
    {
        List<ExitPolicy> first = new TinyWorld(s_model).Run(Create(name, 7), 400);
        Assert.Equal(first, new TinyWorld(s_model).Run(Create(name, 7), 400));
        if (name.StartsWith("ddpg") || name.StartsWith("nsga3")) Assert.NotEqual(first, new TinyWorld(s_model).Run(Create(name, 8), 400));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Run_WarmedUp_AllocatesNothing(string name)
    {
        var world = new TinyWorld(s_model) { Period = 100 };
        world.SetLink(0);
        using var loop = new ControlLoop(Create(name), world, world.Bounds);
        void Run(int from, int to)
        {
            for (int task = from; task < to; task++)
            {
                world.SetLink(task);
                loop.Completed(world.Execute(task, loop.Current));
            }
        }
        Run(0, 600);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(600, 1800);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
