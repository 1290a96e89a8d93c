namespace EdgeML.Native.Inference.Engines;

/// <summary>The memory of several tasks under way together: a tensor per boundary and logits per exit, row after row, each made when it is
/// first wanted. Chains of one slot share it; one thread at a time.</summary>
/// <param name="model">Loaded.</param>
/// <param name="rows">Most of them.</param>
sealed class BatchWorkspace(BranchedModel model, int rows) : IDisposable
{
    readonly PinnedBuffer?[] _boundaries = new PinnedBuffer?[model.Manifest.Units.Count];
    readonly PinnedBuffer?[] _logits = new PinnedBuffer?[model.Manifest.Exits.Count];

    public int Rows => rows;

    /// <summary>The tensors after unit <paramref name="k"/>; 0 is the input.</summary>
    public PinnedBuffer Boundary(int k) => _boundaries[k] ??= Make(model.Manifest.BoundaryElements(k));

    /// <summary>Logits of an exit, 1..N + 1.</summary>
    public PinnedBuffer Logits(int exit) => _logits[exit - 1] ??= Make(model.Manifest.AnswerElements);

    PinnedBuffer Make(int elements) => new(model.Backend, (long)rows * elements * sizeof(float));

    public void Dispose()
    {
        foreach (PinnedBuffer? buffer in _boundaries) buffer?.Release();
        foreach (PinnedBuffer? buffer in _logits) buffer?.Release();
    }
}
