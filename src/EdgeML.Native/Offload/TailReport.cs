using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Offload;

/// <summary>One tail of a session: where its connection stands, and how tasks fared with it. A plain value.</summary>
public readonly record struct TailReport
{
    /// <summary>Host and port.</summary>
    public string Address { get; init; }

    /// <summary>Share of the tasks relative to tails that are about as quick; 1 unless given.</summary>
    public double Weight { get; init; }

    /// <summary>Where the connection stands.</summary>
    public TailStatus Status { get; init; }

    /// <summary>Link and load as last measured.</summary>
    public LinkSnapshot Link { get; init; }

    /// <summary>Whether the next task would go there.</summary>
    public bool IsNext { get; init; }

    /// <summary>Whether it failed too often lately and gets no tasks for a while.</summary>
    public bool IsEjected { get; init; }

    /// <summary>Requests sent to it.</summary>
    public long Sent { get; init; }

    /// <summary>Answers of it that were used.</summary>
    public long Answered { get; init; }

    /// <summary>Answers of it that came after the deadline or after another tail's, and were dropped.</summary>
    public long Dropped { get; init; }

    /// <summary>Of the requests sent, those that it got because another tail had failed, or would not have answered in time.</summary>
    public long Resent { get; init; }

    /// <summary>Of the requests sent, those that it got in addition to another tail (<c>HedgeQuantile</c>).</summary>
    public long Hedges { get; init; }

    /// <summary>How often it was ejected.</summary>
    public long Ejections { get; init; }

    /// <summary>Bytes sent to it: requests, pings and probes, headers included.</summary>
    public long BytesSent { get; init; }

    /// <summary>The report in one line.</summary>
    public override string ToString() =>
        $"{Address} {Status}{(IsEjected ? ", ejected" : "")}: {Sent} sent, {Answered} answered, {Dropped} dropped, {Resent} resent, {Hedges} hedges";
}
