using System.Net.Sockets;

namespace EdgeML.Cli.CommandLine;

/// <summary>An address that cannot be listened on.</summary>
static class ListenFault
{
    /// <summary>The fault in a line.</summary>
    public static IOException Of(HostPort address, SocketException cause)
    {
        string hint = cause.SocketErrorCode == SocketError.AddressAlreadyInUse ? "; another program listens there" : "";
        return new IOException($"cannot listen on {address}: {cause.Message}{hint}", cause);
    }
}
