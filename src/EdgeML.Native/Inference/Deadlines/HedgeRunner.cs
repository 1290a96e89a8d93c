using EdgeML.Native.Control.Costs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Tasks;

namespace EdgeML.Native.Inference.Deadlines;

/// <summary>Computes the standby exit while a task is with the tail. The caller looks for the tail's answer after every step. Any thread, one
/// at a time per slot.</summary>
sealed class HedgeRunner(BranchedModel model, EdgeUnits units)
{
    /// <summary>Runs one more unit, or a few where an engine holds several, towards the standby exit of the slot's policy.</summary>
    /// <returns>Whether there is more to run.</returns>
    public bool Step(InferenceSlot slot)
    {
        TaskState task = slot.Task;
        int exit = task.Policy.Standby;
        if (exit == 0 || task.HedgeEnded) return false;
        var hedge = HedgeSchedule.Of(task.Policy, model.Manifest);
        int at = hedge.Cut + task.HedgeUnits, next = at;
        if (hedge.Computes)
        {
            next = Math.Min(model.EndOfEngine(at), hedge.End);
            Span<float> thresholds = stackalloc float[task.Policy.Exits];
            thresholds.Clear();
            if (next == hedge.End) thresholds[exit - 1] = EdgeUnits.TriedOnly;
            units.Run(slot, at, next, thresholds, out double milliseconds);
            task.RanHedge(next - hedge.Cut, milliseconds);
        }
        if (next < hedge.End) return true;
        // An exit before the cut was tried on the way there, and the slot still holds its output.
        (int label, float entropy) = slot.SaidAt(exit);
        task.EndHedge(label, entropy, model.Manifest.ExitRule.Patience == 1, slot.Result.Flags != 0);
        return false;
    }

    /// <summary>Answers by the standby exit, which is computed now if it is not yet.</summary>
    /// <param name="slot">Of the task.</param>
    /// <param name="logits">Receives the exit's logits; may be empty.</param>
    /// <returns>False where the policy has none, or where it has no answer.</returns>
    public bool Answer(InferenceSlot slot, Span<float> logits)
    {
        while (Step(slot))
        {
        }
        TaskState task = slot.Task;
        if (!task.HedgeReady) return false;
        ReadOnlySpan<float> said = slot.Workspace.Logits(task.Policy.Standby).Floats;
        task.AnswerByHedge(ShareOf(said, task.HedgeClass));
        if (!logits.IsEmpty) said.CopyTo(logits);
        return true;
    }

    /// <summary>Softmax probability of a class that has the largest logit.</summary>
    static float ShareOf(ReadOnlySpan<float> logits, int label)
    {
        double sum = 0;
        foreach (float logit in logits) sum += Math.Exp(logit - logits[label]);
        return (float)(1 / sum);
    }
}
