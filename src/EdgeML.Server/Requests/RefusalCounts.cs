namespace EdgeML.Server.Requests;

/// <summary>Refusals by reason. Any thread.</summary>
sealed class RefusalCounts
{
    readonly long[] _counts = new long[RefusalReasons.Count];

    public void Add(RefusalReason reason) => Interlocked.Increment(ref _counts[(int)reason]);

    /// <summary>The reasons that occurred.</summary>
    public IEnumerable<(string Reason, long Count)> All()
    {
        for (int i = 0; i < _counts.Length; i++)
            if (Interlocked.Read(ref _counts[i]) is > 0 and long count) yield return (RefusalReasons.NameOf((RefusalReason)i), count);
    }

    public Dictionary<string, long> ToDictionary() => All().ToDictionary(each => each.Reason, each => each.Count);
}
