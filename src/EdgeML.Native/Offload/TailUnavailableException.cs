namespace EdgeML.Native.Offload;

/// <summary>A session requires its tail, and the tail cannot be used.</summary>
public sealed class TailUnavailableException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="host">Host of the tail.</param>
    /// <param name="port">Port of the tail.</param>
    /// <param name="status">Where the connection stands.</param>
    public TailUnavailableException(string host, int port, TailStatus status)
        : base($"the tail {host}:{port} is required but cannot be used: {Why(status)}") => Status = status;

    internal TailUnavailableException(IEnumerable<TailReport> tails, TailStatus status)
        : base($"a tail is required, but none can be used: {string.Join("; ", tails.Select(tail => $"{tail.Address}: {Why(tail.Status)}"))}") =>
        Status = status;

    /// <summary>Where the connection stood.</summary>
    public TailStatus Status { get; }

    static string Why(in TailStatus status) => status.Fault ?? "no answer yet";
}
