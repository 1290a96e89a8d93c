using System.Diagnostics.CodeAnalysis;
using System.Net;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Telemetry;
using EdgeML.Server.Connections;
using Microsoft.Extensions.Logging;

namespace EdgeML.Server;

/// <summary>The server's log of its clients and faults. A client that is refused comes again and again, so the same host for the same
/// reason is a warning once a minute. A logger that throws ends nothing. Any thread.</summary>
sealed class RefusalLog(ILogger logger, BackgroundFaults faults)
{
    const int RepeatMs = 60_000, MostRefusals = 256;

    static readonly EventId s_connected = new(1, "connected"), s_disconnected = new(2, "disconnected"), s_refusedRequest = new(3, "refused request"),
        s_refusedRequests = new(4, "refused requests"), s_refused = new(5, "refused"), s_descriptors = new(6, "descriptors"),
        s_accept = new(7, "accept"), s_fault = new(8, "fault"), s_left = new(9, "left");

    [ThreadStatic]
    static bool t_isWriting;

    readonly Dictionary<string, long> _refusals = [];

    public void Connected(ClientConnection client) =>
        Write(LogLevel.Information, s_connected, Of(client, $"tail connected to {client.Remote}"));

    public void Disconnected(ClientConnection client)
    {
        string reason = OneLine(client.Fault ?? "ended");
        Write(LogLevel.Information, s_disconnected, Of(client, $"tail disconnected from {client.Remote}: {reason}") with { Reason = reason });
    }

    /// <summary>A client that refuses the server, as far as that can be known.</summary>
    public void Left(ClientConnection client, string reason)
    {
        reason = OneLine(reason);
        bool isNew = IsNew($"{(client.Remote as IPEndPoint)?.Address} left");
        Write(
            isNew ? LogLevel.Warning : LogLevel.Information, s_left,
            Of(client, $"client {client.Remote} left{(isNew ? "" : " again")}: {reason}") with { Reason = reason });
    }

    public void RefusedRequest(ClientConnection client, string reason)
    {
        reason = OneLine(reason);
        Write(LogLevel.Warning, s_refusedRequest, Of(client, $"tail refused a request of {client.Remote}: {reason}") with { Reason = reason });
    }

    public void RefusedRequests(ClientConnection client)
    {
        long count = client.RefusedRequests;
        Write(LogLevel.Warning, s_refusedRequests, Of(client, $"tail refused {count} requests of {client.Remote} in all") with { Count = count });
    }

    public void Refused(ClientConnection client, string? reason)
    {
        reason = OneLine(reason ?? "");
        bool isNew = IsNew($"{(client.Remote as IPEndPoint)?.Address} {reason}");
        // A device that ends while it tries again leaves early as well; its operator knows the cause already.
        IsNew($"{(client.Remote as IPEndPoint)?.Address} left");
        Write(
            isNew ? LogLevel.Warning : LogLevel.Information, s_refused,
            Of(client, $"tail refused {client.Remote}{(isNew ? "" : " again")}: {reason}") with { Reason = reason });
    }

    public void FewDescriptors(int possible, int wanted) => Write(LogLevel.Warning, s_descriptors, new ServerEvent(
        $"tail serves at most {possible} connections at the same time instead of {wanted}: more file descriptors are not allowed (ulimit -n)"));

    public void CannotAccept(Exception error)
    {
        string reason = OneLine(error.Message);
        if (IsNew($"accept {reason}")) Write(LogLevel.Warning, s_accept, new ServerEvent($"tail cannot accept: {reason}") { Reason = reason });
    }

    /// <summary>An exception that is no client's fault.</summary>
    public void Fault(string text)
    {
        // A fault of the log itself.
        if (t_isWriting) return;
        string reason = OneLine(text);
        if (IsNew($"fault {reason}")) Write(LogLevel.Error, s_fault, new ServerEvent($"tail fault: {reason}") { Reason = reason });
    }

    static ServerEvent Of(ClientConnection client, string message) =>
        new(message) { Client = client.Remote?.ToString(), Identity = client.Identity, Model = client.Model };

    // Exceptions may repeat what a client sent.
    static string OneLine(string text) => Printable.Text(text.ReplaceLineEndings("; "));

    bool IsNew(string text)
    {
        long now = Environment.TickCount64;
        lock (_refusals)
        {
            bool isNew = !_refusals.TryGetValue(text, out long last) || now - last >= RepeatMs;
            if (_refusals.Count >= MostRefusals) _refusals.Clear();
            if (isNew) _refusals[text] = now;
            return isNew;
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "a logger that throws must not end the thread")]
    void Write(LogLevel level, EventId id, ServerEvent what)
    {
        t_isWriting = true;
        try
        {
            logger.Log(level, id, what, null, static (what, _) => what.Message);
        }
        catch (Exception e)
        {
            faults.Add("tail", "a line was not logged", e);
        }
        finally
        {
            t_isWriting = false;
        }
    }
}
