using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using EdgeML.Native.Telemetry;
using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Sweeps;

/// <summary>Runs cells x rows x seeds on several cores. The same cells and seeds give the same numbers, however many cores there are and
/// however much of it a journal remembers.</summary>
sealed class ControlSweep
{
    readonly IReadOnlyList<SweepCell> _cells;
    readonly int _seeds;
    readonly int _firstSeed;
    readonly SweepJournal? _journal;
    readonly bool _spotCheck;
    readonly ConcurrentQueue<Job> _jobs = [];
    readonly Dictionary<(int Cell, string Row), SweepSample?[]> _samples = [];

    /// <summary>A sweep.</summary>
    /// <param name="cells">Its cells.</param>
    /// <param name="seeds">Seeds of every row.</param>
    /// <param name="journal">Remembers finished runs; stays the caller's.</param>
    /// <param name="spotCheck">Take runs of earlier builds where the first seed of a row in a cell gives the same numbers as then.</param>
    /// <param name="firstSeed">The first of them; the others follow.</param>
    /// <exception cref="ArgumentException">No seeds; earlier builds, whose first seed is 1, with another one.</exception>
    public ControlSweep(
        IReadOnlyList<SweepCell> cells, int seeds, SweepJournal? journal = null, bool spotCheck = false, int firstSeed = 1)
    {
        ArgumentNullException.ThrowIfNull(cells);
        if (seeds < 1) throw new ArgumentException($"{seeds} seeds, at least 1 is needed");
        if (spotCheck && firstSeed != 1) throw new ArgumentException($"runs of earlier builds are checked by seed 1, not {firstSeed}");
        (_cells, _seeds, _journal, _spotCheck, _firstSeed) = (cells, seeds, journal, spotCheck, firstSeed);
        // A sweep cut short shall have the paper's links with all their rows, then the common rows of as many cells as possible.
        AddJobs((cell, _) => cell.Scenario.Link.ChangesByTask);
        AddJobs((cell, row) => !cell.Scenario.Link.ChangesByTask && SweepPlan.EverywhereRows.Contains(row));
        AddJobs((cell, row) => !cell.Scenario.Link.ChangesByTask && !SweepPlan.EverywhereRows.Contains(row));
    }

    /// <summary>Runs that there are.</summary>
    public int Runs { get; private set; }

    /// <summary>Runs that the journal had, from whatever build.</summary>
    public int Kept { get; private set; }

    /// <summary>Those of them that an earlier build made, of rows whose first seed came out the same.</summary>
    public int SpotChecked { get; private set; }

    /// <summary>Runs that are done, those of the journal included.</summary>
    public int Done { get; private set; }

    /// <summary>Runs all missing parts, or as many as fit.</summary>
    /// <param name="cores">Runs at a time.</param>
    /// <param name="limit">No run starts later than this.</param>
    /// <param name="progress">Gets the number of runs done; one call at a time.</param>
    /// <param name="cancellation">Ends the run with <see cref="OperationCanceledException"/>.</param>
    /// <returns>Cells with the rows of which every seed was run; cells without one are left out.</returns>
    public IReadOnlyList<SweepCellResult> Run(
        int cores, TimeSpan limit, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        long started = Stopwatch.GetTimestamp();
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Exception? error = null;
        void Work()
        {
            try
            {
                while (Stopwatch.GetElapsedTime(started) < limit && _jobs.TryDequeue(out Job job))
                {
                    SweepSample sample = Run(job, failed.Token);
                    lock (_samples)
                    {
                        Keep(job, sample);
                        if (job.Spot) Check(job, sample);
                        progress?.Invoke(Done);
                    }
                }
            }
            catch (Exception e)
            {
                // The first error ends the other workers; theirs follow from it.
                if (Interlocked.CompareExchange(ref error, e, null) is null) failed.Cancel();
            }
        }
        Task[] workers = [.. Enumerable.Range(0, Math.Max(1, cores)).Select(_ => Task.Run(Work, CancellationToken.None))];
        Task.WaitAll(workers, CancellationToken.None);
        cancellation.ThrowIfCancellationRequested();
        if (error is not null) ExceptionDispatchInfo.Throw(error);
        return [.. _cells.Select(ResultOf).Where(result => result.Rows.Count > 0)];
    }

    SweepSample Run(Job job, CancellationToken cancellation)
    {
        // Processor time: other load of the machine must not change the plan.
        long start = ThreadTime.Now;
        ReplayResult result = SweepTransfer.Run(_cells[job.Cell], job.Row, SeedOf(job.Seed), cancellation);
        SweepSample sample = SweepSample.Of(result) with { TookMs = ThreadTime.MillisecondsSince(start) };
        _journal?.Add(_cells[job.Cell], job.Row, SeedOf(job.Seed), sample);
        return sample;
    }

    /// <summary>Jobs count seeds from 1.</summary>
    int SeedOf(int number) => _firstSeed - 1 + number;

    void Keep(Job job, SweepSample sample)
    {
        _samples[(job.Cell, job.Row)][job.Seed - 1] = sample;
        Done++;
    }

    SweepCellResult ResultOf(SweepCell cell, int index) => new(cell,
        [.. cell.Rows.Where(row => _samples[(index, row)].All(sample => sample is not null))
            .Select(row => new SweepRow(row, [.. _samples[(index, row)].Select(sample => sample!)]))]);

    void AddJobs(Func<SweepCell, string, bool> chosen)
    {
        for (int cell = 0; cell < _cells.Count; cell++)
        {
            int seeds = _seeds * _cells[cell].SeedFactor;
            foreach (string row in _cells[cell].Rows.Where(name => chosen(_cells[cell], name)))
            {
                _samples[(cell, row)] = new SweepSample?[seeds];
                Runs += seeds;
                Add(cell, row, seeds);
            }
        }
    }

    void Add(int cell, string row, int seeds)
    {
        int missing = 0;
        for (int seed = 1; seed <= seeds; seed++)
        {
            var job = new Job(cell, row, seed, false);
            if (_journal?.Find(_cells[cell], row, SeedOf(seed)) is { } sample) Take(job, sample);
            else missing++;
        }
        if (missing == 0) return;
        if (!_spotCheck || _journal?.HasEarlier(_cells[cell], row) != true) Enqueue(cell, row, from: 1);
        else if (_samples[(cell, row)][0] is { } first) Check(new Job(cell, row, 1, true), first);
        else _jobs.Enqueue(new Job(cell, row, 1, true));
    }

    /// <summary>The first seed has run: are the others still the same?</summary>
    void Check(Job job, SweepSample first)
    {
        for (int seed = 2; seed <= _samples[(job.Cell, job.Row)].Length; seed++)
        {
            if (_samples[(job.Cell, job.Row)][seed - 1] is not null) continue;
            if (_journal!.FindEarlier(_cells[job.Cell], job.Row, seed, first) is not { } sample) continue;
            Take(job with { Seed = seed }, sample);
            SpotChecked++;
        }
        Enqueue(job.Cell, job.Row, from: 2);
    }

    void Enqueue(int cell, string row, int from)
    {
        for (int seed = from; seed <= _samples[(cell, row)].Length; seed++)
        {
            if (_samples[(cell, row)][seed - 1] is null) _jobs.Enqueue(new Job(cell, row, seed, false));
        }
    }

    void Take(Job job, SweepSample sample)
    {
        Keep(job, sample);
        Kept++;
    }

    readonly record struct Job(int Cell, string Row, int Seed, bool Spot);
}
