using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Preparation.Branching;

namespace EdgeML.Training.Branching;

/// <summary>Chooses where exits sit and how large their heads are, by the rules of the EdgeML paper.</summary>
/// <remarks>
/// Exits stand at equal steps of multiply-accumulates, all heads up to and including their own counted (rule 1); one that costs
/// nearly as much as its neighbour is left out. Early heads have more fully-connected layers (rule 2), and a head is pooling and
/// fully-connected layers only (rule 3). Of places that are about as far, the one with the smallest map wins: a pooling's output.
/// </remarks>
static class ExitPlacement
{
    const double About = 0.02, TooNear = 0.05;
    const int DeepLayers = 3, FlatLayers = 2;

    /// <summary>Plans by depth.</summary>
    /// <param name="backbone">Without side exits.</param>
    /// <param name="exits">Side exits wanted.</param>
    /// <param name="budget">Share of the backbone's multiply-accumulates that all heads together may take, 0..1.</param>
    /// <param name="notes">Called for exits left out.</param>
    /// <exception cref="InvalidDataException">There is no place for any exit.</exception>
    internal static IReadOnlyList<HeadPlan> Choose(Backbone backbone, int exits, double budget, List<string> notes)
    {
        IReadOnlyList<UnitInfo> units = backbone.Manifest.Units;
        var until = new double[units.Count + 1];
        for (int u = 0; u < units.Count; u++) until[u + 1] = until[u] + units[u].Macs;
        double head = budget * until[^1] / exits;
        var plans = new List<HeadPlan>();
        // The work of the heads depends on their places, and the places on the work of all heads: one round is enough.
        double all = until[^1] + (head * exits);
        for (int round = 0; round < 2; round++)
        {
            plans = Place(backbone, exits, head, until, all, round == 1 ? notes : []);
            all = until[^1] + plans.Sum(p => (double)p.Macs);
        }
        if (plans.Count == 0)
            throw new InvalidDataException(
                $"{backbone.Manifest.Name} has no place for an exit: none of its {units.Count} units ends in a tensor that a head can pool, "
                + "well before the end");
        return plans;
    }

    static List<HeadPlan> Place(Backbone backbone, int exits, double head, double[] until, double all, List<string> notes)
    {
        var plans = new List<HeadPlan>();
        double spent = 0, previous = 0;
        for (int j = 1; j <= exits; j++)
        {
            int layers = j <= (exits + 2) / 3 ? DeepLayers : FlatLayers;
            double target = j * all / (exits + 1);
            HeadPlan? best = null;
            double nearest = double.PositiveInfinity;
            List<(HeadPlan Plan, double Miss)> places = [];
            for (int unit = plans.Count == 0 ? 1 : plans[^1].AfterUnit + 1; unit < backbone.Manifest.Units.Count; unit++)
            {
                if (HeadShapes.For(backbone, unit, layers, head) is not { } plan) continue;
                double miss = Math.Abs(until[unit] + spent + plan.Macs - target);
                places.Add((plan, miss));
                nearest = Math.Min(nearest, miss);
            }
            long smallest = long.MaxValue;
            foreach ((HeadPlan plan, double miss) in places)
            {
                long size = backbone.Manifest.Units[plan.AfterUnit - 1].OutBytes;
                if (miss > nearest + (About * all) || size >= smallest) continue;
                (best, smallest) = (plan, size);
            }
            if (best is null)
            {
                notes.Add($"exit {j} of {exits} left out: no place is left after unit {(plans.Count == 0 ? 0 : plans[^1].AfterUnit)}");
                break;
            }
            double cost = until[best.AfterUnit] + spent + best.Macs;
            if (cost - previous < TooNear * all || until[^1] + spent + best.Macs - cost < TooNear * all)
            {
                notes.Add(
                    $"exit {j} of {exits} left out: after unit {best.AfterUnit} it would cost {cost / 1e6:0.##} MMAC, "
                    + $"its neighbours {previous / 1e6:0.##} and {until[^1] / 1e6:0.##}");
                continue;
            }
            plans.Add(best);
            (previous, spent) = (cost, spent + best.Macs);
        }
        return plans;
    }
}
