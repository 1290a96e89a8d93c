namespace EdgeML.Native.Offload.Wire;

/// <summary>The peer's frames carry another protocol version; told apart from garbage so that both sides can say so.</summary>
sealed class ProtocolVersionException(int version)
    : IOException($"peer speaks protocol version {version}, this side speaks {FramePrelude.Version}");
