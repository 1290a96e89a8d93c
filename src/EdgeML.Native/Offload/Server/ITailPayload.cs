using EdgeML.Native.Models.Payloads;

namespace EdgeML.Native.Offload.Server;

/// <summary>Memory that a payload is received into and that slots of the same executor read in place. It may be larger than its payload,
/// which lies at its start, and serve one request after another. Not disposed while a slot runs on it.</summary>
public interface ITailPayload : IDisposable
{
    /// <summary>Pinned, 64-byte aligned; a request uses the first bytes, as many as <see cref="PayloadSize"/> says.</summary>
    Memory<byte> Data { get; }
}
