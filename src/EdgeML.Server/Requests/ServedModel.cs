using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;

namespace EdgeML.Server.Requests;

/// <summary>A model on the server: its slots, payload buffers and pooled requests. Any thread.</summary>
sealed class ServedModel : IDisposable
{
    // Without a profile every request counts alike.
    const double UnknownMs = 1;

    /// <summary>Answers from this size on are counted as memory of payloads, and not kept for later requests.</summary>
    const int LargeAnswer = 64 << 10;

    readonly ITailExecutor _executor;
    readonly Lock _gate = new();
    readonly Stack<ITailSlot> _slots = [];
    readonly Stack<TailJob> _jobs = [];
    readonly StagingBudget _budget;
    readonly TailExpectation _expectation;
    readonly byte[]?[] _acknowledgements = new byte[]?[2];
    TaskCompletionSource? _unused;
    int _users;
    bool _isDisposed;

    /// <param name="executor">Not disposed here; its slots and payloads are.</param>
    /// <param name="staging">Memory for payloads, shared by the server's models.</param>
    /// <param name="name">For rules and metrics; null for the name in its manifest.</param>
    public ServedModel(ITailExecutor executor, StagingBudget staging, string? name = null)
    {
        _executor = executor;
        Name = name ?? executor.Manifest.Name;
        _budget = staging;
        Staging = new StagingPool(executor, staging);
        ReplyBytes = TailJob.ReplyBytes(executor.Manifest);
        Counts = new ModelCounts(executor.Manifest, Name);
        _expectation = new TailExpectation(executor.Manifest, executor.Profile);
    }

    public ITailExecutor Executor => _executor;

    /// <summary>The name that rules and metrics know it by; versions of one model share it.</summary>
    public string Name { get; }

    public ModelManifest Manifest => _executor.Manifest;

    /// <summary>Of the longest reply frame.</summary>
    public int ReplyBytes { get; }

    /// <summary>Bytes that a request takes for its answer, the frame included; 0 where they are few.</summary>
    public long AnswerMemory => ReplyBytes < LargeAnswer ? 0 : 2L * ReplyBytes;

    /// <summary>Totals of its requests.</summary>
    public ModelCounts Counts { get; }

    /// <summary>Whether its connections are to leave it.</summary>
    public bool IsLeaving
    {
        get
        {
            lock (_gate) return _unused is not null;
        }
    }

    /// <summary>A connection begins to use it; <see cref="Exit"/> follows. False where it is leaving.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (_unused is not null) return false;
            _users++;
            return true;
        }
    }

    /// <summary>A connection has ended, and with it its requests.</summary>
    public void Exit()
    {
        lock (_gate)
        {
            if (--_users == 0) _unused?.TrySetResult();
        }
    }

    /// <summary>Lets no further connection in.</summary>
    /// <returns>Completes when the last one has ended.</returns>
    public Task LeaveAsync()
    {
        lock (_gate)
        {
            _unused ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_users == 0) _unused.TrySetResult();
            return _unused.Task;
        }
    }

    public BottleneckSet Bottlenecks => _executor.Bottlenecks;

    public DeviceProfile Profile => _executor.Profile;

    public StagingPool Staging { get; }

    /// <summary>Bytes of a request's payload; below 0 where the model has no such cut or encoding.</summary>
    public int PayloadBytes(in ExitPolicy policy, TensorEncoding encoding) => PayloadSize.Of(Manifest, Bottlenecks, policy, encoding);

    /// <summary>Milliseconds a request takes alone if no side exit answers.</summary>
    public double CostMs(in ExitPolicy policy)
    {
        double ms = ExpectedMs(policy, Manifest.Exits.Count);
        return ms > 0 ? ms : UnknownMs;
    }

    /// <summary>Milliseconds until the first exit that can answer; 0 where that is not known.</summary>
    public double LeastMs(in ExitPolicy policy)
    {
        if (!_expectation.IsKnown) return 0;
        ReadOnlySpan<float> thresholds = policy.Thresholds;
        for (int i = 0; i < thresholds.Length && i < Manifest.SideExits; i++)
            if (thresholds[i] > 0 && Manifest.Exits[i].AfterUnit > policy.Cut) return ExpectedMs(policy, i + 1);
        return ExpectedMs(policy, Manifest.Exits.Count);
    }

    /// <summary>The frame that answers a hello.</summary>
    /// <param name="limits">Sent to the client.</param>
    /// <param name="encodings">A bit per encoding that is read.</param>
    /// <param name="sameBottlenecks">Whether the client holds the same ones.</param>
    public byte[] Acknowledgement(ProtocolLimits limits, int encodings, bool sameBottlenecks)
    {
        ref byte[]? frame = ref _acknowledgements[sameBottlenecks ? 1 : 0];
        return frame ??= MakeAcknowledgement(limits, encodings, sameBottlenecks);
    }

    byte[] MakeAcknowledgement(ProtocolLimits limits, int encodings, bool sameBottlenecks)
    {
        var header = new HelloAckHeader(
            limits.MaxInFlight, limits.MaxPayloadBytes, encodings,
            [.. Profile.UnitMs.Select(ms => (float)ms)], [.. Profile.HeadMs.Select(ms => (float)ms)])
        {
            DecodeMs = sameBottlenecks ? [.. Profile.DecodeMs.Select(ms => (float)ms)] : [],
        };
        int values = header.UnitMs.Length + header.HeadMs.Length + header.DecodeMs.Length;
        byte[] memory = new byte[FramePrelude.Bytes + 64 + (5 * values)];
        int bytes = header.Write(memory.AsSpan(FramePrelude.Bytes));
        byte[] frame = memory[..(FramePrelude.Bytes + bytes)];
        FramePrelude.Write(frame, FrameKind.HelloAck, bytes, 0);
        FramePrelude.Seal(frame);
        return frame;
    }

    /// <summary>Milliseconds up to an exit by the profile; NaN without one.</summary>
    public double ExpectedMs(in ExitPolicy policy, int exit) => _expectation.Milliseconds(policy, exit);

    /// <summary>Requests that may be computed together with this one, itself included.</summary>
    public int BatchFor(TailJob job) => _executor.BatchFor(job.Row.Policy);

    /// <summary>A request, with room for its answer.</summary>
    /// <returns>Null where the answer is large and memory is used up.</returns>
    public TailJob? TryRentJob()
    {
        lock (_gate)
        {
            if (_jobs.TryPop(out TailJob? job)) return job;
        }
        return AnswerMemory == 0 || _budget.TryTake(AnswerMemory) ? new TailJob(this) : null;
    }

    /// <summary>Takes a request back, with its payload.</summary>
    public void Return(TailJob job)
    {
        if (job.Row.Payload is { } payload) Staging.Return(payload);
        job.Row.Payload = null;
        (job.Answers, job.Client) = (null, null);
        if (AnswerMemory > 0) _budget.Give(AnswerMemory);
        else
            lock (_gate) _jobs.Push(job);
    }

    /// <summary>A slot for one run; the compute threads bound how many there are.</summary>
    public ITailSlot RentSlot()
    {
        lock (_gate)
        {
            if (_slots.TryPop(out ITailSlot? slot)) return slot;
        }
        return _executor.CreateSlot();
    }

    public void Return(ITailSlot slot)
    {
        lock (_gate)
        {
            if (!_isDisposed)
            {
                _slots.Push(slot);
                return;
            }
        }
        slot.Dispose();
    }

    /// <summary>Computes once, so that the first request finds everything loaded.</summary>
    public void WarmUp()
    {
        var policy = new ExitPolicy(new float[Manifest.SideExits], Manifest.LocalCut - 1);
        int bytes = PayloadBytes(policy, TensorEncoding.Float32);
        if (bytes <= 0 || Staging.TryRent(bytes) is not { } payload) return;
        if (TryRentJob() is not { } job)
        {
            Staging.Return(payload);
            return;
        }
        job.Row.Payload = payload;
        payload.Data.Span.Clear();
        ITailSlot slot = RentSlot();
        try
        {
            job.Row.Policy = policy;
            job.Row.Encoding = TensorEncoding.Float32;
            slot.Run([job.Row]);
        }
        finally
        {
            Return(slot);
            Return(job);
        }
    }

    /// <summary>Disposes the slots and the payloads; after the last request.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            while (_slots.TryPop(out ITailSlot? slot)) slot.Dispose();
        }
        Staging.Dispose();
    }
}
