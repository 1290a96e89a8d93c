using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Tails;

namespace EdgeML.Native.Inference.Sessions;

/// <summary>Connects a session to its tail, or to its tails.</summary>
static class SessionTails
{
    /// <summary>Starts to connect; null for a session without a tail.</summary>
    public static ITail? Open(EdgeSessionOptions options, BranchedModel model)
    {
        TailClientOptions? only = options.Tail
            ?? (options.Tails is { Tails: [{ EveryAddress: false } entry] } ? entry.Options : null);
        if (only is not null) return new TailClient(only, model.Manifest, model.Bottlenecks);
        return options.Tails is { } several ? new TailSet(several, model.Manifest, model.Bottlenecks) : null;
    }

    /// <summary>Waits as long as the options say.</summary>
    /// <exception cref="TailUnavailableException">A tail is required, and none can be used.</exception>
    public static void Await(ITail tail, EdgeSessionOptions options)
    {
        if (tail.WaitUntilUp(options.ConnectWait) || !options.RequireTail) return;
        TailClientOptions[] places = [.. options.Tails is { } several ? several.Tails.Select(entry => entry.Options) : [options.Tail!]];
        if (tail.WaitUntilTried(2 * places.Max(place => place.Limits.HandshakeDeadline))) return;
        if (places.Length == 1) throw new TailUnavailableException(places[0].Host, places[0].Port, tail.Status);
        throw new TailUnavailableException(tail.Reports(), tail.Status);
    }
}
