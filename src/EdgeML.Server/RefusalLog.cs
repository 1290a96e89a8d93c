using System.Diagnostics.CodeAnalysis;
using System.Net;
using EdgeML.Native.Telemetry;
using Microsoft.Extensions.Logging;

namespace EdgeML.Server;

/// <summary>The server's log of its clients. A client that is refused comes again and again, so the same host for the same reason
/// is a warning once a minute. A logger that throws ends nothing. Any thread.</summary>
sealed class RefusalLog(ILogger logger, BackgroundFaults faults)
{
    const int RepeatMs = 60_000, MostRefusals = 256;

    readonly Dictionary<string, long> _refusals = [];

    public void Connected(EndPoint? client) => Write(() => logger.LogInformation("tail connected to {Client}", client));

    public void Disconnected(EndPoint? client, string? fault) =>
        Write(() => logger.LogInformation("tail disconnected from {Client}: {Fault}", client, fault ?? "ended"));

    public void RefusedRequest(EndPoint? client, string reason) =>
        Write(() => logger.LogWarning("tail refused a request of {Client}: {Reason}", client, reason));

    public void RefusedRequests(EndPoint? client, long count) =>
        Write(() => logger.LogWarning("tail refused {Count} requests of {Client} in all", count, client));

    public void Refused(EndPoint? client, string? reason)
    {
        bool isNew = IsNew($"{(client as IPEndPoint)?.Address} {reason}");
        Write(() =>
        {
            if (isNew) logger.LogWarning("tail refused {Client}: {Reason}", client, reason);
            else logger.LogInformation("tail refused {Client} again: {Reason}", client, reason);
        });
    }

    public void FewDescriptors(int possible, int wanted) => Write(() => logger.LogWarning(
        "tail serves at most {Possible} connections at the same time instead of {Wanted}: more file descriptors are not allowed (ulimit -n)",
        possible, wanted));

    public void CannotAccept(Exception error)
    {
        if (IsNew($"accept {error.Message}")) Write(() => logger.LogWarning("tail cannot accept: {Error}", error.Message));
    }

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
    void Write(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e)
        {
            faults.Add("tail", "a line was not logged", e);
        }
    }
}
