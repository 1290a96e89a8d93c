using System.Diagnostics;
using System.Runtime.CompilerServices;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Numerics;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Offload.Tails;

/// <summary>Several tails of one edge. Which of them gets the next task is known beforehand, so that controllers plan with its link and its
/// times; a task that one of them loses goes to another.</summary>
/// <remarks>Any thread. Requests allocate nothing once the set is warm.</remarks>
sealed class TailSet : ITail
{
    /// <summary>Tasks for which a balanced choice stays while they come one after the other: a plan holds for a few tasks, and measurements of
    /// a link grow old.</summary>
    const int HeldTasks = 16;

    /// <summary>A tail is unusually slow beyond these multiples of its expected time, or of the longest time that it took lately.</summary>
    const double Unusual = 3, UnusualOfLongest = 1.25, UnusualMs = 2;

    /// <summary>How much longer than expected the tail may take that steps in.</summary>
    const double StepInMargin = 1.5, StepInMs = 2;

    static readonly TimeSpan s_othersWait = TimeSpan.FromMilliseconds(200), s_slice = TimeSpan.FromMilliseconds(10);

    readonly Lock _gate = new();
    readonly TailSetOptions _options;
    readonly ModelManifest _manifest;
    readonly TailChooser _chooser;
    readonly HedgeBudget _hedges;
    readonly TailMembers _members;
    readonly Stack<TailRace> _races = [];
    readonly TailCandidate[] _candidates = new TailCandidate[TailSetOptions.MostTails];
    TailRequest _typical;
    TailMember? _next;
    TailMember? _last;
    bool _isDrawn;
    int _held;

    /// <summary>Starts to connect to all of them; looks names up first where their addresses are asked for.</summary>
    /// <param name="options">The tails.</param>
    /// <param name="manifest">The model the edge holds.</param>
    /// <param name="bottlenecks">Of its package; null for none.</param>
    public TailSet(TailSetOptions options, ModelManifest manifest, BottleneckSet? bottlenecks = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(manifest);
        options.Check();
        (_options, _manifest) = (options, manifest);
        _chooser = new TailChooser(options.Choice, new SeededRandom(options.Seed ?? Random.Shared.Next()));
        _hedges = new HedgeBudget(options.HedgeQuantile);
        Span<float> noExits = stackalloc float[manifest.SideExits];
        noExits.Clear();
        _typical = new TailRequest { Policy = new ExitPolicy(noExits, 0), PayloadBytes = manifest.Input.Elements };
        _members = new TailMembers(options, manifest, bottlenecks);
    }

    /// <inheritdoc/>
    public bool LacksBottlenecks => Planned().Client.LacksBottlenecks;

    /// <inheritdoc/>
    public FallbackReason DownReason => Planned().Client.DownReason;

    /// <inheritdoc/>
    public TailStatus Status => Planned().Client.Status;

    /// <inheritdoc/>
    public long Contradictions => _members.All.Sum(member => member.Client.Contradictions);

    /// <inheritdoc/>
    public IEnumerable<string> FaultTexts => _members.All.SelectMany(member => member.Client.FaultTexts).Concat(_members.Faults.Texts);

    /// <inheritdoc/>
    public void NoteUse()
    {
        _members.NoteUse();
        Planned().Client.NoteUse();
    }

    /// <inheritdoc/>
    public LinkSnapshot Snapshot(out DeviceProfile? profile, out bool readsBottlenecks)
    {
        TailMember member = Planned();
        LinkSnapshot link = member.Client.Snapshot(out profile, out readsBottlenecks);
        link.Tail = member.Id;
        return link;
    }

    /// <inheritdoc/>
    public IReadOnlyList<TailReport> Reports()
    {
        TailMember next = Planned();
        lock (_gate)
        {
            return [.. _members.All.Select(member => member.Client.Report with
            {
                Weight = member.Weight,
                IsNext = member == next,
                IsEjected = member.Health.IsEjected,
                Ejections = member.Health.Ejections,
                Resent = member.Resent,
                Hedges = member.Hedges,
            })];
        }
    }

    /// <inheritdoc/>
    public TailReply SendAndWait(in TailRequest request, Span<float> logits)
    {
        TailRace race = Rent();
        try
        {
            race.Start(request, isAsync: false, reads: true);
            race.Run();
            return race.Take(logits);
        }
        finally
        {
            Return(race);
        }
    }

    /// <inheritdoc/>
    public PendingReply Send(in TailRequest request)
    {
        TailRace race = Rent();
        try
        {
            race.Start(request, isAsync: false, reads: false);
        }
        catch
        {
            Return(race);
            throw;
        }
        return new PendingReply(race, default);
    }

    /// <inheritdoc/>
    public TailReply Wait(in PendingReply pending, Span<float> logits)
    {
        if (pending.Task is not TailRace race) return pending.Failure;
        try
        {
            race.Run();
            return race.Take(logits);
        }
        finally
        {
            Return(race);
        }
    }

    /// <inheritdoc/>
    public ValueTask<TailReply> SendAsync(in TailRequest request, Memory<float> logits, CancellationToken cancellation = default)
    {
        TailRace race = Rent();
        try
        {
            race.Start(request, isAsync: true, reads: false);
        }
        catch
        {
            Return(race);
            throw;
        }
        return RunAsync(race, logits, cancellation);
    }

    /// <inheritdoc/>
    public bool WaitUntilUp(TimeSpan limit)
    {
        var watch = Stopwatch.StartNew();
        while (!IsAnyUp())
        {
            if (watch.Elapsed >= limit) return false;
            _members.All[0].Client.WaitUntilUp(Least(s_slice, limit - watch.Elapsed));
        }
        // The preferred one may need a moment longer.
        foreach (TailMember member in _members.All) member.Client.WaitUntilTried(Least(s_othersWait, limit) - watch.Elapsed);
        return true;
    }

    /// <inheritdoc/>
    public bool WaitUntilTried(TimeSpan limit)
    {
        var watch = Stopwatch.StartNew();
        foreach (TailMember member in _members.All)
        {
            if (IsAnyUp()) return true;
            member.Client.WaitUntilTried(limit - watch.Elapsed);
        }
        return IsAnyUp();
    }

    /// <summary>The tail for a request of a task, which must be sent there at once; null where no further one can be used.</summary>
    public TailMember? Next(TailRace race, in TailRequest request, SendCause cause, out double expectedMs)
    {
        lock (_gate)
        {
            TailMember? member = cause == SendCause.First ? Peek() : null;
            if (member is null || race.WasAt(member)) member = Choose(race, request);
            if (cause == SendCause.First)
            {
                (_typical.Policy, _typical.PayloadBytes) = (request.Policy, request.PayloadBytes);
                _last = member ?? _last;
                _isDrawn = false;
            }
            // Once for each task, however many tails refuse it.
            if (race.IsNew)
            {
                _held--;
                _hedges.Earn();
            }
            expectedMs = member?.ExpectedMs(request) ?? double.NaN;
            return member;
        }
    }

    /// <summary>When a task that is sent to one tail is sent to another, if it has no answer by then.</summary>
    /// <param name="race">Of the task.</param>
    /// <param name="first">The tail.</param>
    /// <param name="request">The task.</param>
    /// <param name="expectedMs">There; NaN where it is not known.</param>
    /// <param name="now">Stopwatch ticks.</param>
    /// <param name="deadlineAt">The same.</param>
    public TailPace Pace(TailRace race, TailMember first, in TailRequest request, double expectedMs, long now, long deadlineAt)
    {
        lock (_gate)
        {
            if (Choose(race, request) is not { } other) return TailPace.None;
            double leftMs = Ticks.Milliseconds(deadlineAt - now), otherMs = other.ExpectedMs(request);
            if (double.IsNaN(otherMs)) otherMs = leftMs / 4;
            double longestMs = first.Times.Quantile(1);
            double unusualMs = UnusualMs + (double.IsNaN(longestMs) ? Unusual * (expectedMs > 0 ? expectedMs : otherMs) : UnusualOfLongest * longestMs);
            double overdueMs = Math.Max(unusualMs, leftMs - (StepInMargin * otherMs) - StepInMs);
            double hedgeMs = _options.HedgeQuantile is { } quantile ? first.Times.Quantile(quantile) : double.NaN;
            bool hedges = hedgeMs < overdueMs && hedgeMs + otherMs < leftMs && _hedges.TrySpend();
            return new TailPace(
                hedges ? At(now, hedgeMs) : long.MaxValue, overdueMs + otherMs < leftMs ? At(now, overdueMs) : long.MaxValue);
        }
    }

    /// <summary>A request that a pace allowed was not needed.</summary>
    public void ReturnHedge()
    {
        lock (_gate) _hedges.Return();
    }

    /// <summary>A request is on its way.</summary>
    public void Sent(TailMember member, SendCause cause)
    {
        lock (_gate)
        {
            member.OnWay++;
            if (cause == SendCause.Hedge) member.Hedges++;
            else if (cause != SendCause.First) member.Resent++;
        }
    }

    /// <summary>A request has ended.</summary>
    public void Ended(TailMember member, in TailReply reply, double expectedMs)
    {
        lock (_gate)
        {
            member.OnWay--;
            if (reply.Outcome == TailOutcome.Answered)
            {
                member.Health.Answered();
                member.Times.Add(reply.TotalMs);
                member.Took(reply.TotalMs, expectedMs);
            }
            else if (reply.Reason != FallbackReason.NotAccepted)
            {
                member.Health.Failed();
            }
        }
    }

    /// <summary>A request is left alone: another tail has answered, or no caller waits any more.</summary>
    /// <param name="member">Of the request.</param>
    /// <param name="elapsedMs">Since it was sent.</param>
    /// <param name="expectedMs">When it was sent.</param>
    /// <param name="overdue">Whether it should have been answered.</param>
    public void Overtaken(TailMember member, double elapsedMs, double expectedMs, bool overdue)
    {
        lock (_gate)
        {
            member.OnWay--;
            member.Times.Add(elapsedMs);
            if (!overdue) return;
            member.Took(elapsedMs, expectedMs);
            member.Health.Failed();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _members.Dispose();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    async ValueTask<TailReply> RunAsync(TailRace race, Memory<float> logits, CancellationToken cancellation)
    {
        try
        {
            using CancellationTokenRegistration cancels = cancellation.UnsafeRegister(static race => ((TailRace)race!).Cancel(), race);
            while (!race.Step()) await race.WaitAsync().ConfigureAwait(false);
            return race.Take(logits.Span);
        }
        finally
        {
            Return(race);
        }
    }

    /// <summary>The tail of the next task; where none is up, the one of the last task, which tells best why.</summary>
    TailMember Planned()
    {
        lock (_gate) return Peek() ?? _last ?? _members.All[0];
    }

    TailMember? Peek()
    {
        if (_options.Choice == TailChoice.Balanced && _next is { Client.IsUp: true, Health.IsEjected: false } held
            && (_isDrawn || (_held > 0 && held.OnWay == 0)) && _members.All.Contains(held)) return held;
        TailMember? next = Choose(null, _typical);
        if (next != _next || _held <= 0) _held = HeldTasks;
        (_next, _isDrawn) = (next, true);
        return next;
    }

    TailMember? Choose(TailRace? without, in TailRequest request)
    {
        TailMember[] all = _members.All;
        for (int i = 0; i < all.Length; i++)
        {
            TailMember member = all[i];
            _candidates[i] = new TailCandidate
            {
                IsUsable = member.Client.IsUp && !(without?.WasAt(member) ?? false),
                IsEjected = member.Health.IsEjected,
                Weight = member.Weight,
                ExpectedMs = member.ExpectedMs(request),
                OnWay = member.OnWay,
            };
        }
        int chosen = _chooser.Choose(_candidates.AsSpan(0, all.Length));
        return chosen < 0 ? null : all[chosen];
    }

    bool IsAnyUp()
    {
        foreach (TailMember member in _members.All)
        {
            if (member.Client.IsUp) return true;
        }
        return false;
    }

    TailRace Rent()
    {
        lock (_gate)
        {
            if (_races.TryPop(out TailRace? race)) return race;
        }
        return new TailRace(this, _manifest.AnswerElements);
    }

    void Return(TailRace race)
    {
        race.Close();
        lock (_gate) _races.Push(race);
    }

    static long At(long now, double milliseconds) => now + (long)(milliseconds * Stopwatch.Frequency / 1000);

    static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
