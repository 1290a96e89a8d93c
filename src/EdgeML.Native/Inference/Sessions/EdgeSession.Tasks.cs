using System.Diagnostics;
using System.Runtime.CompilerServices;
using EdgeML.Native.Codecs;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Inference.Sessions;

/// <content>The way of one task: edge part, tail or fallback, record.</content>
public sealed partial class EdgeSession
{
    static ExitPolicy LocalPolicy(ModelManifest manifest)
    {
        Span<float> thresholds = stackalloc float[manifest.SideExits];
        thresholds.Clear();
        return new ExitPolicy(thresholds, manifest.LocalCut);
    }

    void Check(in ExitPolicy policy)
    {
        var manifest = _model.Manifest;
        if (policy.Exits != manifest.SideExits)
            throw new ArgumentException($"{policy.Exits} thresholds, model {manifest.Name} has {manifest.SideExits} side exits");
        if (policy.Cut > manifest.LocalCut)
            throw new ArgumentException($"cut {policy.Cut} is outside 0..{manifest.LocalCut} of model {manifest.Name}");
        if (policy.Cut == 0 && !_options.RawInput)
            throw new ArgumentException("cut 0 sends the input itself, and raw input is off; the first cut that may be used is 1");
        BottleneckSet bottlenecks = _model.Bottlenecks;
        if (policy.Bottleneck > 0 && bottlenecks.PayloadBytes(policy.Cut, policy.Bottleneck) < 0)
            throw new ArgumentException(
                $"bottleneck {policy.Bottleneck} does not exist at cut {policy.Cut}, model {manifest.Name} has {bottlenecks.Items.Count}");
        HedgeSchedule.Check(policy, manifest);
    }

    void CheckLogits(int length)
    {
        if (length != 0 && length != _model.Manifest.Classes)
            throw new ArgumentException($"room for {length} logits, model {_model.Manifest.Name} has {_model.Manifest.Classes} classes");
    }

    void Begin(InferenceSlot slot)
    {
        ref var task = ref slot.Task;
        task = default;
        task.Started = Stopwatch.GetTimestamp();
        task.Id = Interlocked.Increment(ref _nextTask) - 1;
        task.RateBitsPerSecond = double.NaN;
        task.FirstEntropy = float.NaN;
        lock (_controlGate)
        {
            task.Policy = _control.Current;
            // A tail that holds other bottlenecks, or none, is sent the session's codec.
            if (task.Policy.Bottleneck > 0 && _tail is { LacksBottlenecks: true }) task.Policy = task.Policy.WithBottleneck(0);
            task.Result.Guarantee = _control.Kept;
        }
    }

    TaskResult Execute(InferenceSlot slot, Span<float> logits)
    {
        if (!RunEdge(slot, logits))
        {
            var reply = TryRequest(slot, HandOverMs, out var request) ? Ask(slot, request) : default;
            if (!Accept(slot, reply, logits) && !AnswerByHedge(slot, logits)) Finish(slot, logits);
        }
        return Complete(slot);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    async ValueTask<TaskResult> ExecuteAsync(InferenceSlot slot, Memory<float> logits, CancellationToken cancellation)
    {
        if (!RunEdge(slot, logits.Span))
        {
            TailReply reply = default;
            if (TryRequest(slot, AwaitedHandOverMs, out var request))
            {
                ValueTask<TailReply> pending = _tail!.SendAsync(request, slot.ReplyLogits, cancellation);
                try
                {
                    while (!pending.IsCompleted && RunHedge(slot))
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
            if (!Accept(slot, reply, logits.Span) && !AnswerByHedge(slot, logits.Span)) Finish(slot, logits.Span);
        }
        return Complete(slot);
    }

    TailReply Ask(InferenceSlot slot, in TailRequest request)
    {
        if (slot.Task.Policy.Standby == 0) return _tail!.SendAndWait(request, slot.ReplyLogits);
        PendingReply pending = _tail!.Send(request);
        TailReply reply;
        try
        {
            while (!pending.IsEnded && RunHedge(slot))
            {
            }
        }
        finally
        {
            // Even an edge that fails must wait, for nobody else gives the request's place back.
            reply = _tail.Wait(pending, slot.ReplyLogits);
        }
        return reply;
    }

    /// <summary>Runs the units in front of the cut.</summary>
    /// <returns>Whether an exit answered.</returns>
    bool RunEdge(InferenceSlot slot, Span<float> logits) => RunUnits(slot, 0, slot.Task.Policy.Cut, logits);

    /// <summary>Runs what is left on this device, from the tensor it still holds.</summary>
    void Finish(InferenceSlot slot, Span<float> logits)
    {
        int cut = slot.Task.Policy.Cut;
        // Who finishes must not change the answer: the tail would have seen the tensor through the codec.
        slot.ApplyCodec(slot.Task.Policy, EncodingAt(slot));
        if (_tail is not null) (slot.Task.Result.Fallback, slot.Task.Result.FallbackReason) = (true, slot.Task.Why);
        RunUnits(slot, cut, _model.Manifest.LocalCut, logits);
    }

    bool RunUnits(InferenceSlot slot, int start, int stop, Span<float> logits)
    {
        ref var task = ref slot.Task;
        long started = Stopwatch.GetTimestamp();
        bool answered = slot.Run(start, stop, task.Policy.Thresholds);
        if (_emulated is { } clock && stop > start)
        {
            int reached = answered ? _model.Manifest.Exits[(int)slot.Result.ExitIndex - 1].AfterUnit : stop;
            _options.Emulation!.WaitUntil(started, clock.Milliseconds(start, reached, task.Policy.Thresholds));
        }
        task.EdgeMs += Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        if (stop > start)
        {
            if (slot.Result.Flags != 0) task.Result.InvalidLogits = true;
            if (float.IsNaN(task.FirstEntropy) && start == 0) task.FirstEntropy = slot.FirstEntropy;
        }
        if (!answered) return false;
        task.Result.Exit = (int)slot.Result.ExitIndex;
        task.Result.Class = slot.Result.Label;
        task.Result.Entropy = slot.Result.Entropy;
        task.Result.Confidence = slot.Result.Confidence;
        slot.CopyLogits(logits);
        return true;
    }

    TensorEncoding EncodingAt(InferenceSlot slot)
    {
        ref readonly ExitPolicy policy = ref slot.Task.Policy;
        if (policy.Bottleneck > 0) return TensorEncoding.Bottleneck;
        return policy.Cut == 0 && slot.HasSourceBytes ? TensorEncoding.Bytes
            : PayloadSize.EncodingAt(_model.Manifest, policy.Cut, _options.Codec);
    }

    /// <summary>By how much a wait may overshoot its deadline, milliseconds: one that blocks, and one that the client's clock
    /// ends.</summary>
    const double HandOverMs = 0, AwaitedHandOverMs = 1;

    bool TryRequest(InferenceSlot slot, double overshootMs, out TailRequest request)
    {
        request = default;
        if (_tail is null) return false;
        ref var task = ref slot.Task;
        // A controller of the caller's may choose what the session refuses to send.
        if (task.Policy.Cut == 0 && !_options.RawInput)
        {
            task.Why = FallbackReason.RawInput;
            return false;
        }
        task.Why = _tail.DownReason;
        if (task.Why != FallbackReason.None) return false;
        double deadline = _options.DeadlineMs ?? (double.IsFinite(Requirements.LatencyMs)
            ? Requirements.LatencyMs : EdgeSessionOptions.DefaultDeadlineMs);
        if (task.Policy.Standby > 0) deadline = HedgeSchedule.DeadlineMs(deadline, overshootMs);
        double left = deadline - task.ElapsedMs;
        if (left <= 0)
        {
            task.Why = FallbackReason.Late;
            return false;
        }
        var encoding = EncodingAt(slot);
        var payload = slot.Encode(task.Policy, encoding);
        request = new TailRequest
        {
            Policy = task.Policy,
            Encoding = encoding,
            Payload = payload.Address,
            PayloadBytes = payload.Bytes,
            DeadlineMs = left,
        };
        return true;
    }

    static bool Accept(InferenceSlot slot, in TailReply reply, Span<float> logits)
    {
        ref var task = ref slot.Task;
        task.Result.BytesSent = reply.BytesSent;
        task.Result.WireMs = reply.WireMs;
        task.RateBitsPerSecond = reply.BytesSent > 0 ? reply.RateBitsPerSecond : double.NaN;
        if (reply.Outcome != TailOutcome.Answered)
        {
            if (task.Why == FallbackReason.None) task.Why = reply.Reason;
            return false;
        }
        task.Result.Offloaded = true;
        task.Result.TailMs = reply.TailMs;
        task.Result.QueueMs = reply.QueueMs;
        task.Result.Exit = reply.Answer.Exit;
        task.Result.Class = reply.Answer.Class;
        task.Result.Entropy = reply.Answer.Entropy;
        task.Result.Confidence = reply.Answer.Confidence;
        if (!logits.IsEmpty) slot.ReplyLogits.AsSpan().CopyTo(logits);
        return true;
    }

    TaskResult Complete(InferenceSlot slot)
    {
        ref var task = ref slot.Task;
        ref var result = ref task.Result;
        result.TaskId = task.Id;
        result.Policy = task.Policy;
        (result.EdgeMs, result.StandbyMs) = (task.EdgeMs, task.Standby.Ms);
        result.LatencyMs = task.ElapsedMs;
        double radioMs = double.IsNaN(task.RateBitsPerSecond)
            ? result.WireMs : Math.Min(result.WireMs, result.BytesSent * 8e3 / task.RateBitsPerSecond);
        result.EnergyJ = _energy.TaskJoules(result.LatencyMs, result.EdgeMs, radioMs);
        var record = new TaskRecord
        {
            TaskId = result.TaskId,
            TimeSeconds = Stopwatch.GetElapsedTime(_created).TotalSeconds,
            Policy = task.Policy,
            Exit = result.Exit,
            Class = result.Class,
            FirstEntropy = task.FirstEntropy,
            LatencyMs = result.LatencyMs,
            EdgeMs = result.EdgeMs,
            StandbyMs = result.StandbyMs,
            StandbyUnits = task.Standby.Units,
            StandbyReady = task.Standby.Ready,
            WireMs = result.WireMs,
            TailMs = result.TailMs,
            QueueMs = result.QueueMs,
            EnergyJ = result.EnergyJ,
            BytesSent = result.BytesSent,
            RateBitsPerSecond = task.RateBitsPerSecond,
            Offloaded = result.Offloaded,
            Fallback = result.Fallback,
        };
        lock (_controlGate) _control.Completed(record);
        EdgeMetrics.RecordTask(result.Exit, result.Offloaded, result.LatencyMs, result.EnergyJ, result.BytesSent);
        if (result.Fallback) EdgeMetrics.RecordFallback(result.FallbackReason, result.Standby);
        _watch?.Offer(slot, result);
        _learner?.Offer(slot, result.TaskId);
        return result;
    }
}
