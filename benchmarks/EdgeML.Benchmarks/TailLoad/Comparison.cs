namespace EdgeML.Benchmarks.TailLoad;

/// <summary>Servers under the same load in turns.</summary>
static class Comparison
{
    const float Rounding = 1e-3f;

    /// <summary>Loads every server with every number of devices, one request each, round by round.</summary>
    /// <returns>Medians over the rounds: by number of devices, then by server.</returns>
    /// <exception cref="InvalidOperationException">The servers answer the same request differently.</exception>
    public static LoadResult[][] Run(IReadOnlyList<ILoadSubject> subjects, IReadOnlyList<int> devices, int rounds, TimeSpan duration)
    {
        List<LoadResult>[][] runs = [.. devices.Select(_ => subjects.Select(_ => new List<LoadResult>()).ToArray())];
        for (int round = 0; round < rounds; round++)
        {
            for (int d = 0; d < devices.Count; d++)
            {
                for (int s = 0; s < subjects.Count; s++)
                {
                    // Each is the first one in turn.
                    int turn = (s + round) % subjects.Count;
                    runs[d][turn].Add(subjects[turn].Drive([.. Enumerable.Repeat(1, devices[d])], duration));
                }
                Console.Error.WriteLine($"round {round + 1} of {rounds}, {devices[d]} devices");
            }
        }
        foreach (ILoadSubject subject in subjects.Skip(1)) Check(subjects[0], subject);
        return [.. runs.Select(byDevices => byDevices.Select(LoadResult.Median).ToArray())];
    }

    /// <summary>The table of such a run.</summary>
    public static void Write(TailPage page, IReadOnlyList<ILoadSubject> subjects, IReadOnlyList<int> devices, LoadResult[][] medians)
    {
        page.Table(
            ["devices", TailPage.Names, "requests per second", "p50 ms", "p99 ms", "server's CPU per request, ms"],
            devices.SelectMany((count, d) => subjects.Select((subject, s) => (IReadOnlyList<string>)
            [
                s == 0 ? $"{count}" : "", subject.Name, TailPage.Number(medians[d][s].PerSecond, 0), TailPage.Number(medians[d][s].P50),
                TailPage.Number(medians[d][s].P99), TailPage.Number(medians[d][s].CpuMs, 3),
            ])));
    }

    static void Check(ILoadSubject one, ILoadSubject other)
    {
        for (int i = 0; i < one.Logits.Length; i++)
        {
            if (!(Math.Abs(one.Logits[i] - other.Logits[i]) <= Rounding * Math.Max(1, Math.Abs(one.Logits[i]))))
                throw new InvalidOperationException($"logit {i} of the same request is {one.Logits[i]} by {one.Name} and {other.Logits[i]} by {other.Name}");
        }
    }
}
