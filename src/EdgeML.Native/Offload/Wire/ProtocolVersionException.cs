namespace EdgeML.Native.Offload.Wire;

/// <summary>The peer's frames carry another protocol version; distinguished from garbage so that both sides can report it.</summary>
sealed class ProtocolVersionException(int version)
    : IOException($"peer speaks protocol version {version}, this side speaks {FramePrelude.Version}");
