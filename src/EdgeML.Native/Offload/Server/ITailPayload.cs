namespace EdgeML.Native.Offload.Server;

/// <summary>Memory that a payload is received into and that slots of the same executor read in place. It serves one request of its size after
/// another. Not disposed while a slot runs on it.</summary>
public interface ITailPayload : IDisposable
{
    /// <summary>Pinned, 64-byte aligned, of the size that <see cref="ITailExecutor.CreatePayload"/> was asked for.</summary>
    Memory<byte> Data { get; }
}
