using System.Diagnostics;
using System.Runtime.CompilerServices;
using EdgeML.Native.Codecs;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Energy;
using EdgeML.Native.Inference.AccuracyGuarantees;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Inference.Deadlines;

/// <summary>The way of one task within its deadline: edge part, tail or fallback, record. Any thread, one task at a time per slot.</summary>
sealed class TaskRunner(BranchedModel model, TaskRules rules, EdgeUnits units, IEnergyMeter energy)
{
    /// <summary>By how much a wait may overshoot its deadline, milliseconds: one that blocks, and one that the client's clock
    /// ends.</summary>
    const double HandOverMs = 0, AwaitedHandOverMs = 1;

    readonly HedgeRunner _hedge = new(model, units);
    long _nextTask;

    /// <summary>Timestamp from which the times of records count.</summary>
    public required long Created { get; init; }

    /// <summary>Null without a tail.</summary>
    public ITail? Tail { get; init; }

    /// <summary>Chooses policies and gets their costs.</summary>
    public required ControlLoop Control { get; init; }

    /// <summary>Held while control is read or updated.</summary>
    public required Lock ControlGate { get; init; }

    /// <summary>Offered every answered task; null for none.</summary>
    public GuaranteeMonitor? Monitor { get; init; }

    /// <summary>Offered every answered task; null for none.</summary>
    public ExitLearner? Learner { get; init; }

    /// <summary>Milliseconds from the start of a task until it must be answered.</summary>
    public double DeadlineMs =>
        rules.DeadlineMs ?? (Control.Requirements.LatencyMs is var boundMs && double.IsFinite(boundMs) ? boundMs : rules.DefaultDeadlineMs);

    /// <summary>Starts the next task of a slot, whose input is loaded afterwards. The task began when its caller asked for the
    /// slot.</summary>
    public void Begin(InferenceSlot slot) =>
        Begin(slot, Stopwatch.GetTimestamp() - (long)(slot.WaitedMs * Stopwatch.Frequency / 1000), slot.WaitedMs);

    /// <summary>The same for an input that was there earlier.</summary>
    /// <param name="slot">To run in.</param>
    /// <param name="started">When the task began, ticks of the stopwatch.</param>
    /// <param name="waitedMs">Milliseconds since then.</param>
    public void Begin(InferenceSlot slot, long started, double waitedMs)
    {
        Tail?.NoteUse();
        long id = Interlocked.Increment(ref _nextTask) - 1;
        double deadlineMs = DeadlineMs;
        lock (ControlGate)
        {
            ExitPolicy policy = Control.Current;
            // A tail that holds other bottlenecks, or none, is sent the session's codec.
            if (policy.Bottleneck > 0 && Tail is { LacksBottlenecks: true }) policy = policy.WithBottleneck(0);
            slot.Task.Begin(new TaskRequest(id, started, waitedMs, policy, Control.Kept, deadlineMs));
        }
    }

    /// <summary>Answers the task of a slot and blocks until it is answered.</summary>
    /// <param name="slot">With its input.</param>
    /// <param name="logits">Receives the answering exit's logits; may be empty.</param>
    public TaskResult Run(InferenceSlot slot, Span<float> logits)
    {
        if (!RunUntilCut(slot, logits))
        {
            var reply = TryRequest(slot, HandOverMs, out var request) ? Ask(slot, request) : default;
            Answer(slot, reply, logits);
        }
        return Complete(slot);
    }

    /// <summary>Answers the task of a slot; waiting for the tail does not block.</summary>
    /// <param name="slot">With its input.</param>
    /// <param name="logits">Receives the answering exit's logits; may be empty.</param>
    /// <param name="cancellation">Ends the wait for the tail.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<TaskResult> RunAsync(InferenceSlot slot, Memory<float> logits, CancellationToken cancellation)
    {
        if (!RunUntilCut(slot, logits.Span))
        {
            TailReply reply = default;
            if (TryRequest(slot, AwaitedHandOverMs, out var request))
            {
                ValueTask<TailReply> pending = Tail!.SendAsync(request, slot.ReplyLogits, cancellation);
                try
                {
                    while (!pending.IsCompleted && _hedge.Step(slot))
                    {
                    }
                }
                finally
                {
                    reply = await pending.ConfigureAwait(false);
                }
            }
            // An answer that came first is still given.
            if (reply.Outcome != TailOutcome.Answered) cancellation.ThrowIfCancellationRequested();
            Answer(slot, reply, logits.Span);
        }
        return Complete(slot);
    }

    TailReply Ask(InferenceSlot slot, in TailRequest request)
    {
        if (slot.Task.Policy.Standby == 0) return Tail!.SendAndWait(request, slot.ReplyLogits);
        PendingReply pending = Tail!.Send(request);
        TailReply reply;
        try
        {
            while (!pending.IsEnded && _hedge.Step(slot))
            {
            }
        }
        finally
        {
            // An edge that fails must wait too: only this call gives the request's place back.
            reply = Tail.Wait(pending, slot.ReplyLogits);
        }
        return reply;
    }

    /// <summary>Answers by the tail, by the standby exit, or by finishing here.</summary>
    void Answer(InferenceSlot slot, in TailReply reply, Span<float> logits)
    {
        if (slot.Task.AnswerByTail(reply))
        {
            if (!logits.IsEmpty) slot.ReplyLogits.AsSpan().CopyTo(logits);
            return;
        }
        // Without a tail nothing could have been late.
        if (Tail is not null && _hedge.Answer(slot, logits)) return;
        Finish(slot, logits);
    }

    /// <summary>Runs the units before the cut.</summary>
    /// <returns>Whether an exit answered.</returns>
    bool RunUntilCut(InferenceSlot slot, Span<float> logits) => RunUnits(slot, 0, slot.Task.Policy.Cut, logits);

    /// <summary>Runs the rest on this device, from the tensor it still holds.</summary>
    void Finish(InferenceSlot slot, Span<float> logits)
    {
        // The side that finishes must not change the answer: the tail would have seen the tensor through the codec.
        slot.ApplyCodec(slot.Task.Policy, EncodingAt(slot));
        if (Tail is not null) slot.Task.FallBack();
        RunUnits(slot, slot.Task.Policy.Cut, model.Manifest.LocalCut, logits);
    }

    bool RunUnits(InferenceSlot slot, int start, int stop, Span<float> logits)
    {
        TaskState task = slot.Task;
        bool answered = units.Run(slot, start, stop, task.Policy.Thresholds, out double milliseconds);
        task.RanOnEdge(milliseconds);
        if (stop > start) task.TriedExits(slot.Result.Flags != 0, start == 0 ? slot.FirstEntropy(task.Policy.Thresholds) : float.NaN);
        if (!answered) return false;
        task.AnswerByEdge(slot.Result);
        slot.CopyLogits(logits);
        return true;
    }

    TensorEncoding EncodingAt(InferenceSlot slot)
    {
        ref readonly ExitPolicy policy = ref slot.Task.Policy;
        if (policy.Bottleneck > 0) return TensorEncoding.Bottleneck;
        return policy.Cut == 0 && slot.HasSourceBytes ? TensorEncoding.Bytes
            : PayloadSize.EncodingAt(model.Manifest, policy.Cut, rules.Codec);
    }

    bool TryRequest(InferenceSlot slot, double overshootMs, out TailRequest request)
    {
        request = default;
        if (Tail is null) return false;
        TaskState task = slot.Task;
        ref readonly ExitPolicy policy = ref task.Policy;
        double deadlineMs = task.Request.DeadlineMs;
        if (policy.Standby > 0) deadlineMs = HedgeSchedule.DeadlineMs(deadlineMs, overshootMs);
        double leftMs = deadlineMs - task.ElapsedMs;
        // The caller's controller may choose a tensor that the session refuses to send.
        FallbackReason reason = policy.Cut == 0 && !rules.RawInput ? FallbackReason.RawInput : Tail.DownReason;
        if (reason == FallbackReason.None && leftMs <= 0) reason = FallbackReason.Late;
        if (reason != FallbackReason.None)
        {
            task.NotSent(reason);
            return false;
        }
        var encoding = EncodingAt(slot);
        var payload = slot.Encode(policy, encoding);
        request = new TailRequest
        {
            Policy = policy,
            Encoding = encoding,
            Payload = payload.Address,
            PayloadBytes = payload.Bytes,
            DeadlineMs = leftMs,
            Streak = slot.StreakAt(policy.Cut),
        };
        return true;
    }

    TaskResult Complete(InferenceSlot slot)
    {
        TaskResult result = slot.Task.Complete(energy);
        var record = slot.Task.Record(Stopwatch.GetElapsedTime(Created).TotalSeconds);
        lock (ControlGate) Control.Completed(record);
        EdgeMetrics.RecordTask(result.Exit, result.Offloaded, result.LatencyMs, result.EnergyJ, result.BytesSent);
        if (result.Fallback) EdgeMetrics.RecordFallback(result.FallbackReason, result.Standby);
        Monitor?.Offer(slot, result);
        Learner?.Offer(slot, result.TaskId);
        return result;
    }
}

/// <summary>The rules of a session for all its tasks.</summary>
/// <param name="DeadlineMs">From the call on; null for the latency bound.</param>
/// <param name="DefaultDeadlineMs">Where there is no bound either.</param>
/// <param name="Codec">Of tensors that are sent.</param>
/// <param name="RawInput">Whether the input itself may be sent.</param>
readonly record struct TaskRules(double? DeadlineMs, double DefaultDeadlineMs, TensorEncoding Codec, bool RawInput);
