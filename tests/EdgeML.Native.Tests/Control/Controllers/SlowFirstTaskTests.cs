using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Control.Costs;

namespace EdgeML.Native.Tests.Control.Controllers;

/// <summary>A live session's planner, its budget of processor time included, in virtual time: the first task takes 21 ms where the whole
/// network takes 0.9.</summary>
public class SlowFirstTaskTests
{
    const int Tasks = 5000;
    const double UnitMs = 0.0685, ColdMs = 21;

    static readonly CostModel s_model =
        new(SyntheticModel.Manifest(), SyntheticModel.Edge(UnitMs), null, SyntheticModel.Samples(600, 3));

    static readonly ExitCalibration s_inputs = SyntheticModel.Samples(Tasks, 8);

    /// <summary>Share of the tasks that the whole network answers.</summary>
    static double Whole(string name, double boundMs, bool coldIsComputing, int everyNth = Tasks)
    {
        var context = new ControllerContext { Model = s_model, Learning = LearningMode.Background };
        using IPolicyController controller = name == PolicyControllers.Planner
            ? new PlannerController(s_model, context.PlanningShare) : new Planning(new(s_model, context.PlanningShare));
        var bounds = new Requirements(boundMs, double.PositiveInfinity);
        (double now, int whole, int left, ExitPolicy policy) = (0, 0, 0, default);
        for (int task = 0; task < Tasks; task++)
        {
            // A decision takes 40 us in a process that has just begun.
            if (left <= 0)
            {
                policy = controller.Next(new Observation { Requirements = bounds, TimeSeconds = now, Link = LinkSnapshot.None, DecidedMs = 0.04 });
                left = policy.Interval;
            }
            int exit = 0;
            while (exit < policy.Exits && !(s_inputs.Entropy(task, exit + 1) < policy.Thresholds[exit])) exit++;
            var paths = new PathCost[s_model.Exits];
            s_model.Paths(s_model.Heads(policy.Thresholds), policy.Cut, PlanningConditions.From(default), paths);
            double edgeMs = paths[exit].EdgeMs, coldMs = everyNth > 0 && task % everyNth == 0 ? ColdMs : 0;
            now += (edgeMs + coldMs) / 1000;
            if (exit == s_model.SideExits) whole++;
            left--;
            bool ends = controller.Completed(new TaskRecord
            {
                TaskId = task,
                TimeSeconds = now,
                Policy = policy,
                Exit = exit + 1,
                FirstEntropy = policy.Thresholds[0] > 0 ? s_inputs.Entropy(task, 1) : float.NaN,
                EdgeMs = edgeMs + (coldIsComputing ? coldMs : 0),
                LatencyMs = edgeMs + coldMs,
                EnergyJ = s_model.Power.Joules(edgeMs + coldMs, edgeMs, 0),
                RateBitsPerSecond = double.NaN,
            });
            if (ends) left = 0;
        }
        return (double)whole / Tasks;
    }

    [Theory]
    [InlineData(PolicyControllers.Planner, 5, false)]
    [InlineData(PolicyControllers.Planner, 5, true)]
    [InlineData(PolicyControllers.Planner, 20, false)]
    [InlineData(PolicyControllers.Planner, 20, true)]
    [InlineData(PolicyControllers.EdgeML, 5, false)]
    [InlineData(PolicyControllers.EdgeML, 5, true)]
    [InlineData(PolicyControllers.EdgeML, 20, false)]
    [InlineData(PolicyControllers.EdgeML, 20, true)]
    public void FirstTask_TwentyTimesSlower_ChangesNoPlan(string controller, double boundMs, bool coldIsComputing) =>
        Assert.Equal(Whole(controller, boundMs, coldIsComputing, everyNth: 0), Whole(controller, boundMs, coldIsComputing), 2);

    [Theory]
    [InlineData(PolicyControllers.Planner)]
    [InlineData(PolicyControllers.EdgeML)]
    public void OneTaskInFifty_KeptWaiting_ChangesNoPlan(string controller) =>
        Assert.Equal(Whole(controller, 5, true, everyNth: 0), Whole(controller, 5, true, everyNth: 50), 2);

    sealed class Planning(AdaptivePlanner planner) : IPolicyController
    {
        public string Name => PolicyControllers.EdgeML;

        public DecisionExplanation Explanation => planner.Explanation;

        public ExitPolicy Next(in Observation observation) => planner.Next(observation);

        public bool Completed(in TaskRecord record) => planner.Completed(record);

        public void Dispose()
        {
        }
    }
}
