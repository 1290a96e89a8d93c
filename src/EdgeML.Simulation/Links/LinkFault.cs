namespace EdgeML.Simulation.Links;

/// <summary>One fault, and when it strikes.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="Upwards">Whether it strikes on the way to the tail; otherwise on the way back.</param>
/// <param name="AfterBytes">Bytes that pass in that direction before it.</param>
/// <param name="Milliseconds">Duration of a stall, of a pause of the tail, or of each delay.</param>
/// <param name="Extent">Pieces that are delayed, bytes that are split, or the number of the flipped bit.</param>
sealed record LinkFault(LinkFaultKind Kind, bool Upwards, int AfterBytes, double Milliseconds, int Extent)
{
    const double KillShare = 0.01, PauseShare = 0.04, UpwardsShare = 0.6;

    /// <summary>About what an answer takes.</summary>
    const int AnswerBytes = 150;

    /// <summary>Bytes at the beginning of a request, where its header is.</summary>
    const int HeaderBytes = 80;

    const int MostSplit = 3000, MostDelayed = 8;

    /// <summary>Kinds that the link itself suffers.</summary>
    static readonly LinkFaultKind[] s_onLink =
    [
        LinkFaultKind.Reset, LinkFaultKind.Stall, LinkFaultKind.Delay, LinkFaultKind.Truncate, LinkFaultKind.Corrupt, LinkFaultKind.Split,
        LinkFaultKind.HalfClose,
    ];

    /// <summary>Draws the next one. Some stalls and pauses are shorter than the deadline and some are longer.</summary>
    /// <param name="random">Seeded.</param>
    /// <param name="requestBytes">The largest request.</param>
    /// <param name="deadlineMs">Of the tasks.</param>
    public static LinkFault Draw(Random random, int requestBytes, double deadlineMs)
    {
        double draw = random.NextDouble();
        LinkFaultKind kind = draw < KillShare ? LinkFaultKind.Kill : draw < KillShare + PauseShare ? LinkFaultKind.Pause
            : s_onLink[random.Next(s_onLink.Length)];
        bool upwards = random.NextDouble() < UpwardsShare;
        // Half of those on the way up strike in a header, which is a small part of a request.
        int after = random.Next(!upwards ? AnswerBytes : random.Next(2) == 0 ? HeaderBytes : requestBytes);
        double milliseconds = deadlineMs * (kind == LinkFaultKind.Delay ? 0.02 + (0.3 * random.NextDouble()) : 0.1 + (3 * random.NextDouble()));
        int extent = random.Next(1, kind == LinkFaultKind.Delay ? MostDelayed : MostSplit);
        return new LinkFault(kind, upwards, after, milliseconds, extent);
    }
}
