using System.Diagnostics;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Inference.Sessions;

/// <content>An exit that stands by: the edge computes it while the task is with the tail, and looks for the tail's answer whenever a unit
/// is done. At the deadline it answers if the tail has not.</content>
public sealed partial class EdgeSession
{
    /// <summary>The smallest threshold: such an exit is tried and hardly ever taken.</summary>
    const float TriedOnly = 1e-30f;

    /// <summary>Runs one more unit, or a few where an engine holds several, towards the standby exit of the slot's policy.</summary>
    /// <returns>Whether there is more to run.</returns>
    bool RunHedge(InferenceSlot slot)
    {
        ref var task = ref slot.Task;
        ref StandbyRun run = ref task.Standby;
        int exit = task.Policy.Standby;
        if (exit == 0 || run.Ended) return false;
        var hedge = HedgeSchedule.Of(task.Policy, _model.Manifest);
        int cut = hedge.Cut, unit = hedge.End;
        int at = cut + run.Units, next = at;
        if (hedge.Computes)
        {
            next = Math.Min(_model.EndOfPiece(at), unit);
            Span<float> thresholds = stackalloc float[task.Policy.Exits];
            thresholds.Clear();
            if (next == unit) thresholds[exit - 1] = TriedOnly;
            long started = Stopwatch.GetTimestamp();
            slot.Run(at, next, thresholds);
            if (_emulated is { } clock) _options.Emulation!.WaitUntil(started, clock.Milliseconds(at, next, thresholds));
            double ms = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            run.Ms += ms;
            task.EdgeMs += ms;
            run.Units = next - cut;
        }
        // An exit before the cut was tried on the way there, and the slot still knows what it said.
        run.Ended = next >= unit;
        if (!run.Ended) return true;
        (run.Class, run.Entropy) = slot.SaidAt(exit);
        run.Ready = run.Class >= 0 && !float.IsNaN(run.Entropy);
        if (slot.Result.Flags != 0) task.Result.InvalidLogits = true;
        if (run.Ready && float.IsNaN(task.FirstEntropy)) task.FirstEntropy = run.Entropy;
        return false;
    }

    /// <summary>Answers by the standby exit, which is computed now if it is not yet.</summary>
    /// <returns>False where the policy has none, or where it has no answer; and without a tail, which could have been late.</returns>
    bool AnswerByHedge(InferenceSlot slot, Span<float> logits)
    {
        if (_tail is null) return false;
        while (RunHedge(slot))
        {
        }
        ref var task = ref slot.Task;
        if (!task.Standby.Ready) return false;
        int exit = task.Policy.Standby;
        (task.Result.Fallback, task.Result.Standby, task.Result.FallbackReason) = (true, true, task.Why);
        (task.Result.Exit, task.Result.Class, task.Result.Entropy) = (exit, task.Standby.Class, task.Standby.Entropy);
        ReadOnlySpan<float> said = slot.Workspace.Logits(exit).Floats;
        task.Result.Confidence = ShareOf(said, task.Standby.Class);
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
