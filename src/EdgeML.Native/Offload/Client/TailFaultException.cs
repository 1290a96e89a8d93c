using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Offload.Client;

/// <summary>A connection that failed or ended for a known reason.</summary>
sealed class TailFaultException(FallbackReason reason, string message, Exception? inner = null) : IOException(message, inner)
{
    public FallbackReason Reason => reason;
}
