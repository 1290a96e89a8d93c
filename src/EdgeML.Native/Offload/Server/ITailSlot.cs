using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Offload.Server;

/// <summary>State and buffers of one run. Used by one thread at a time, not always the same.</summary>
public interface ITailSlot : IDisposable
{
    /// <summary>Where the payload is to be received.</summary>
    /// <param name="policy">Its cut is in 0..units - 1, its bottleneck exists there where it is the encoding.</param>
    /// <param name="encoding">One that exists; <see cref="TensorEncoding.Bytes"/> at cut 0 only.</param>
    /// <returns>Pinned memory of exactly as many bytes as <see cref="PayloadSize"/> says, valid until the slot is disposed; its content is
    /// kept until <see cref="Run"/> is through.</returns>
    Memory<byte> InputFor(in ExitPolicy policy, TensorEncoding encoding);

    /// <summary>Computes from the cut on, decoding the payload that <see cref="InputFor"/> received.</summary>
    /// <param name="policy">Thresholds, cut and bottleneck.</param>
    /// <param name="encoding">Of the payload.</param>
    /// <param name="logits">Receives the logits of the exit that answered; one per class.</param>
    TailAnswer Run(in ExitPolicy policy, TensorEncoding encoding, Span<float> logits);
}
