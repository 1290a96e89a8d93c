using System.Diagnostics;
using EdgeML.Native.Offload.Client;

namespace EdgeML.Native.Offload.Tails;

/// <summary>One tail of a set, and how tasks fared with it. Inside the set's gate, but for what is set once.</summary>
sealed class TailMember(int id, string host, TailClient client, TailEntry entry, TimeProvider clock) : IDisposable
{
    const double ExcessWeight = 0.25, ExcessHalfLifeMs = 5000;

    double _excessMs;
    long _excessAt;

    /// <summary>Unlike that of any other member, before or after it.</summary>
    public int Id { get; } = id;

    /// <summary>Name or address.</summary>
    public string Host { get; } = host;

    public TailClient Client { get; } = client;

    /// <summary>The entry of the options that it belongs to.</summary>
    public TailEntry Entry { get; } = entry;

    public double Weight => Entry.Weight;

    public TailHealth Health { get; } = new(clock);

    public AnswerTimes Times { get; } = new();

    /// <summary>Requests on the way whose tasks wait for them.</summary>
    public int OnWay { get; set; }

    public long Resent { get; set; }

    public long Hedges { get; set; }

    /// <summary>Expected time of a request, milliseconds: as link and tail are measured, and what answers took beyond that lately.</summary>
    public double ExpectedMs(in TailRequest request)
    {
        double measured = Client.ExpectedMs(request.Policy, request.PayloadBytes);
        double restMs = Ticks.Milliseconds(Stopwatch.GetTimestamp() - _excessAt);
        return measured + (_excessMs * Math.Pow(0.5, restMs / ExcessHalfLifeMs));
    }

    /// <summary>A request took so long, or longer.</summary>
    public void Took(double milliseconds, double expectedMs)
    {
        _excessAt = Stopwatch.GetTimestamp();
        if (double.IsNaN(expectedMs)) return;
        _excessMs += ExcessWeight * (Math.Max(0, milliseconds - expectedMs) - _excessMs);
    }

    public void Dispose() => Client.Dispose();
}
