using System.Net.Security;

namespace EdgeML.Native.Offload.Client;

/// <summary>A link's certificates, read for every connection. Files that cannot be used, for instance because one of them is only half
/// written, leave those of the last connection in force. One thread at a time.</summary>
/// <param name="options">The files.</param>
/// <param name="host">Of the tail.</param>
/// <param name="say">Called once for each fault; must not throw.</param>
sealed class LinkCredentials(TailTlsOptions options, string host, Action<string> say)
{
    SslClientAuthenticationOptions? _last;
    string? _said;

    /// <exception cref="ArgumentException">The files cannot be used, and never could be.</exception>
    public SslClientAuthenticationOptions Read()
    {
        try
        {
            _last = options.Load(host);
            _said = null;
        }
        catch (ArgumentException e) when (_last is not null)
        {
            if (_said != e.Message) say(e.Message);
            _said = e.Message;
        }
        return _last;
    }
}
