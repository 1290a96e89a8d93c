namespace EdgeML.Native.Offload.Server;

/// <summary>State of one run. Used by one thread at a time, not always the same.</summary>
public interface ITailSlot : IDisposable
{
    /// <summary>Computes every row from the cut on, from the payload that lies in its memory, and fills in its answer.</summary>
    /// <param name="rows">1..<see cref="ITailExecutor.MaxBatch"/> rows of one <see cref="TailBatchKey"/>; a payload serves one of them.</param>
    /// <exception cref="Exception">The model failed; no row has an answer.</exception>
    void Run(ReadOnlySpan<TailRow> rows);
}
