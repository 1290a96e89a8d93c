using System.Net.Sockets;

namespace EdgeML.Cli.CommandLine;

/// <summary>An address that cannot be listened on.</summary>
static class ListenFault
{
    /// <summary>Listens.</summary>
    /// <exception cref="IOException">The address cannot be had; one line.</exception>
    public static T Explain<T>(HostPort address, Func<T> listen)
    {
        try
        {
            return listen();
        }
        catch (SocketException e)
        {
            string hint = e.SocketErrorCode == SocketError.AddressAlreadyInUse ? "; another program listens there" : "";
            throw new IOException($"cannot listen on {address}: {e.Message}{hint}", e);
        }
    }

    /// <inheritdoc cref="Explain{T}"/>
    public static void Explain(HostPort address, Action listen) => Explain(address, () =>
    {
        listen();
        return true;
    });
}
