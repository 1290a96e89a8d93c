using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload;

namespace EdgeML.Native.Inference.Engines;

/// <summary>The memory of one task under way: a tensor per boundary, logits per exit, and send buffers. Chains of one slot share
/// it.</summary>
sealed class Workspace : IDisposable
{
    /// <summary>Bytes before everything that is sent, for the frame's prelude and header.</summary>
    public const int Headroom = TailRequest.HeadroomBytes;

    readonly PinnedBuffer[] _boundaries;
    readonly PinnedBuffer[] _logits;

    public Workspace(Backend backend, ModelManifest manifest)
    {
        _boundaries = new PinnedBuffer[manifest.Units.Count];
        _boundaries[0] = new PinnedBuffer(backend, (long)manifest.Input.Elements * sizeof(float), Headroom);
        for (int k = 1; k < manifest.Units.Count; k++)
            _boundaries[k] = new PinnedBuffer(backend, (long)manifest.BoundaryElements(k) * sizeof(float), Headroom);
        _logits = new PinnedBuffer[manifest.Exits.Count];
        for (int i = 0; i < _logits.Length; i++) _logits[i] = new PinnedBuffer(backend, (long)manifest.AnswerElements * sizeof(float));
        Source = new PinnedBuffer(backend, manifest.Input.Elements, Headroom);
        Packed = new PinnedBuffer(
            backend, _boundaries.Max(boundary => PackedBytes(boundary.Length / sizeof(float))), Headroom);
    }

    /// <summary>Bytes of one workspace, headroom left out.</summary>
    public static long BytesOf(ModelManifest manifest)
    {
        long bytes = manifest.Input.Elements, largest = 0;
        for (int k = 0; k < manifest.Units.Count; k++)
        {
            bytes += (long)manifest.BoundaryElements(k) * sizeof(float);
            largest = Math.Max(largest, manifest.BoundaryElements(k));
        }
        return bytes + (2 * largest) + ((long)manifest.AnswerElements * sizeof(float) * (manifest.Exits.Count + 1));
    }

    /// <summary>The tensor after unit <paramref name="k"/>; 0 is the input.</summary>
    public PinnedBuffer Boundary(int k) => _boundaries[k];

    /// <summary>Logits of an exit, 1..N + 1; the outputs of a network without class scores.</summary>
    public PinnedBuffer Logits(int exit) => _logits[exit - 1];

    /// <summary>The input's own bytes, where it has them.</summary>
    public PinnedBuffer Source { get; }

    /// <summary>Room for any boundary in a codec that makes it smaller.</summary>
    public PinnedBuffer Packed { get; }

    // A tensor of three elements is larger as int8, with its scale, than as fp16.
    static int PackedBytes(int elements) =>
        Math.Max(TensorPayload.Bytes(TensorEncoding.Float16, elements), TensorPayload.Bytes(TensorEncoding.Int8, elements));

    public void Dispose()
    {
        foreach (var buffer in _boundaries) buffer.Release();
        foreach (var buffer in _logits) buffer.Release();
        Source.Release();
        Packed.Release();
    }
}
