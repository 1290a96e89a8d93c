using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Offload.Client;

/// <summary>Whatever finishes the tasks of an edge: one tail, or several of which each task goes to one. Any thread.</summary>
interface ITail : IDisposable
{
    /// <summary>Whether the tail that the next task would go to holds other bottlenecks, or none; false before its first handshake.</summary>
    bool LacksBottlenecks { get; }

    /// <summary>Why nothing would be sent now; <see cref="FallbackReason.None"/> while a task would be sent.</summary>
    FallbackReason DownReason { get; }

    /// <summary>Where the connection stands; of several, the one that the next task would go to.</summary>
    TailStatus Status { get; }

    /// <summary>Answers so far that contradict themselves or their request, and were not used.</summary>
    long Contradictions { get; }

    /// <summary>Exceptions on the threads of links that are no fault of a link, one line each.</summary>
    IEnumerable<string> FaultTexts { get; }

    /// <summary>A task begins, wherever it will be answered: the link is measured as long as tasks come.</summary>
    void NoteUse();

    /// <summary>Link and tail of the next task. Must not block, throw or allocate.</summary>
    /// <param name="profile">The tail's times of its last handshake; null before the first.</param>
    /// <param name="readsBottlenecks">Whether it holds the same bottlenecks.</param>
    LinkSnapshot Snapshot(out DeviceProfile? profile, out bool readsBottlenecks);

    /// <summary>Each tail, in the order of the options.</summary>
    IReadOnlyList<TailReport> Reports();

    /// <summary>Sends a task and blocks until its answer, its deadline, or the end of every attempt.</summary>
    /// <param name="request">The task. Its payload must not change before this returns.</param>
    /// <param name="logits">Receives the logits of the exit that answered; one per class.</param>
    TailReply SendAndWait(in TailRequest request, Span<float> logits);

    /// <summary>Sends a task for a caller that computes meanwhile and then blocks; <see cref="Wait"/> must follow.</summary>
    /// <param name="request">The task. Its payload must not change before that call returns.</param>
    PendingReply Send(in TailRequest request);

    /// <summary>Blocks until the answer of a task that was sent, its deadline, or the end of every attempt.</summary>
    TailReply Wait(in PendingReply pending, Span<float> logits);

    /// <summary>Sends a task and returns while it is on its way.</summary>
    /// <param name="request">The task. Its payload must not change before the result is there.</param>
    /// <param name="logits">Receives the logits when the result is taken.</param>
    /// <param name="cancellation">Ends the wait with <see cref="TailOutcome.Cancelled"/>.</param>
    /// <returns>To be awaited exactly once; never faults for links or tails.</returns>
    ValueTask<TailReply> SendAsync(in TailRequest request, Memory<float> logits, CancellationToken cancellation = default);

    /// <summary>Waits until a task would be sent.</summary>
    /// <returns>False when the time passed.</returns>
    bool WaitUntilUp(TimeSpan limit);

    /// <summary>The same, but not longer than until every first attempt to connect has failed.</summary>
    bool WaitUntilTried(TimeSpan limit);
}
