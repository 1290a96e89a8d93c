using EdgeML.Native.Inference.Sessions;
using EdgeML.Training.Data;

namespace EdgeML.Cli.Running;

/// <summary>Feeds a source's samples through a session, one after another or several at a time, and keeps logits by input order.</summary>
sealed class TaskFeed(EdgeSession session, ImageSource source, RunTally tally, int classes)
{
    readonly Lock _gate = new();

    /// <summary>Logits by task, or null if not needed.</summary>
    public float[]? Logits { get; init; }

    /// <summary>Gets every answer; may be null.</summary>
    public AnswerLog? Answers { get; init; }

    /// <summary>Called after every task with the number done so far.</summary>
    public Action<int>? Progress { get; init; }

    /// <summary>One task at a time, on this thread: the path with the least latency.</summary>
    public void Run(int count, CancellationToken cancellation)
    {
        var slot = new Slot(source, OwnLogits);
        for (int i = 0; i < count && !IsUnwanted; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            int label = slot.Read(source, i);
            var logits = LogitsOf(slot, i).Span;
            var result = slot.IsBytes ? session.Run(slot.Bytes, logits) : session.Run(slot.Tensor, logits);
            tally.Add(result, label);
            Answers?.Add(i, result, logits);
            Progress?.Invoke(i + 1);
        }
    }

    /// <summary>Up to <paramref name="inFlight"/> tasks under way at the same time.</summary>
    public async Task RunAsync(int count, int inFlight, CancellationToken cancellation)
    {
        var pending = new Task[inFlight];
        var slots = new Slot[inFlight];
        for (int i = 0; i < inFlight; i++) (pending[i], slots[i]) = (Task.CompletedTask, new Slot(source, OwnLogits));
        try
        {
            for (int i = 0; i < count && !IsUnwanted; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                int free = Array.FindIndex(pending, task => task.IsCompleted);
                if (free < 0) free = Array.IndexOf(pending, await Task.WhenAny(pending).ConfigureAwait(false));
                await pending[free].ConfigureAwait(false);
                pending[free] = RunOneAsync(slots[free], i, cancellation);
            }
        }
        finally
        {
            // None may continue after its output is closed.
            await Task.WhenAll(pending).ConfigureAwait(false);
        }
    }

    async Task RunOneAsync(Slot slot, int index, CancellationToken cancellation)
    {
        int label = slot.Read(source, index);
        Memory<float> logits = LogitsOf(slot, index);
        var result = slot.IsBytes
            ? await session.RunAsync(slot.Bytes, logits, cancellation).ConfigureAwait(false)
            : await session.RunAsync(slot.Tensor, logits, cancellation).ConfigureAwait(false);
        lock (_gate)
        {
            tally.Add(result, label);
            Answers?.Add(index, result, logits.Span);
            Progress?.Invoke(tally.Tasks);
        }
    }

    // The reader of the answers has gone.
    bool IsUnwanted => Answers is { ReaderIsGone: true };

    int OwnLogits => Logits is null && Answers is { Top: > 0 } ? classes : 0;

    Memory<float> LogitsOf(Slot slot, int index) => Logits is null ? slot.Logits : Logits.AsMemory(index * classes, classes);

    sealed class Slot(ImageSource source, int logits)
    {
        /// <summary>Of the slot's last task, where they are not kept for all.</summary>
        public float[] Logits { get; } = new float[logits];

        public bool IsBytes { get; } = source.HasBytes;

        public byte[] Bytes { get; } = source.HasBytes ? new byte[source.Elements] : [];

        public float[] Tensor { get; } = source.HasBytes ? [] : new float[source.Elements];

        public int Read(ImageSource from, int index) => IsBytes ? from.Read(index, Bytes) : from.ReadTensor(index, Tensor);
    }
}
