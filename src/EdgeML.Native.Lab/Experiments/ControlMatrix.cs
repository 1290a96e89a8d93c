using System.Diagnostics;
using System.Runtime.ExceptionServices;
using EdgeML.Native.Lab.Simulation.Replay;

namespace EdgeML.Native.Lab.Experiments;

/// <summary>Runs cells x rows x seeds on several cores. The same cells and seeds give the same numbers, however many cores there
/// are.</summary>
public sealed class ControlMatrix
{
    readonly IReadOnlyList<MatrixCell> _cells;
    readonly int _seeds;
    readonly List<Job> _jobs = [];
    readonly Dictionary<(int Cell, string Row), MatrixSample?[]> _samples = [];

    /// <summary>A matrix.</summary>
    /// <param name="cells">Its cells.</param>
    /// <param name="seeds">Seeds 1, 2, ... of every row.</param>
    /// <exception cref="ArgumentException">No seeds.</exception>
    public ControlMatrix(IReadOnlyList<MatrixCell> cells, int seeds)
    {
        ArgumentNullException.ThrowIfNull(cells);
        if (seeds < 1) throw new ArgumentException($"{seeds} seeds, at least 1 is needed");
        (_cells, _seeds) = (cells, seeds);
        // A matrix cut short shall have the paper's links with all their rows, then the common rows of as many cells as possible.
        AddJobs((cell, _) => cell.Scenario.Link.ChangesByTask);
        AddJobs((cell, row) => !cell.Scenario.Link.ChangesByTask && MatrixPlan.EverywhereRows.Contains(row));
        AddJobs((cell, row) => !cell.Scenario.Link.ChangesByTask && !MatrixPlan.EverywhereRows.Contains(row));
    }

    /// <summary>Runs that there are.</summary>
    public int Runs => _jobs.Count;

    /// <summary>Runs that were done.</summary>
    public int Done { get; private set; }

    /// <summary>Runs everything, or what fits.</summary>
    /// <param name="cores">Runs at a time.</param>
    /// <param name="limit">No run starts later than this.</param>
    /// <param name="progress">Told the number of runs done; one call at a time.</param>
    /// <param name="cancellation">Ends the run with <see cref="OperationCanceledException"/>.</param>
    /// <returns>Cells with the rows of which every seed was run; cells that cannot be judged by them are left out.</returns>
    public IReadOnlyList<MatrixCellResult> Run(
        int cores, TimeSpan limit, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        long started = Stopwatch.GetTimestamp();
        int next = -1;
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Exception? error = null;
        void Work()
        {
            try
            {
                while (Stopwatch.GetElapsedTime(started) < limit && Interlocked.Increment(ref next) is var index && index < _jobs.Count)
                {
                    Job job = _jobs[index];
                    ReplayResult result = ReplayRunner.Run(_cells[job.Cell].Scenario, job.Row, job.Seed, null, failed.Token);
                    var sample = MatrixSample.Of(result);
                    lock (_samples)
                    {
                        _samples[(job.Cell, job.Row)][job.Seed - 1] = sample;
                        progress?.Invoke(++Done);
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
        return [.. _cells.Select(ResultOf).Where(result => result.CanBeJudged)];
    }

    MatrixCellResult ResultOf(MatrixCell cell, int index) => new(cell,
        [.. cell.Rows.Where(row => _samples[(index, row)].All(sample => sample is not null))
            .Select(row => new MatrixRow(row, [.. _samples[(index, row)].Select(sample => sample!)]))]);

    void AddJobs(Func<MatrixCell, string, bool> chosen)
    {
        for (int cell = 0; cell < _cells.Count; cell++)
        {
            foreach (string row in _cells[cell].Rows.Where(name => chosen(_cells[cell], name)))
            {
                _samples[(cell, row)] = new MatrixSample?[_seeds];
                for (int seed = 1; seed <= _seeds; seed++) _jobs.Add(new Job(cell, row, seed));
            }
        }
    }

    readonly record struct Job(int Cell, string Row, int Seed);
}
