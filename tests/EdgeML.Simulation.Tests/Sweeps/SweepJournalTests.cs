using EdgeML.Native.Policies;
using EdgeML.Simulation.Replay;
using EdgeML.Simulation.Sweeps;
using EdgeML.Simulation.Tests.Replay;

namespace EdgeML.Simulation.Tests.Sweeps;

public sealed class SweepJournalTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeml-tests-");

    string Path => System.IO.Path.Combine(_folder.FullName, "m.journal");

    public void Dispose() => _folder.Delete(recursive: true);

    static SweepCell Cell(string link, double latencyMs = 60) => new(SweepPart.Acceptance, link, 10, true,
        new SweepSetting("slow", latencyMs, double.PositiveInfinity),
        TinyReplay.Scenario(60, 0.5f, 1, new Requirements(latencyMs, double.PositiveInfinity), link) with { ComputeJitter = 0.05 },
        SweepPlan.EverywhereRows);

    (ControlSweep Sweep, string Numbers) Run(SweepCell[] cells, int seeds, string program = "one", bool fresh = false, bool spot = false)
    {
        using var journal = new SweepJournal(Path, program, "data", fresh);
        var matrix = new ControlSweep(cells, seeds, journal, spot);
        IReadOnlyList<SweepCellResult> results = matrix.Run(2, TimeSpan.MaxValue);
        return (matrix, string.Join('\n', results.SelectMany(result => result.Rows.SelectMany(row => row.Samples
            .Select(sample => $"{result.Cell.Name} {row.Controller} {string.Join(' ', sample.ToNumbers().Skip(1))}")))));
    }

    [Fact]
    public void Run_Again_TakesEverythingFromTheJournal()
    {
        SweepCell[] cells = [Cell("constant:8"), Cell("square:8,1,tasks=20")];
        (ControlSweep first, string ran) = Run(cells, 2);
        (ControlSweep again, string kept) = Run(cells, 2);
        Assert.Equal((0, 16, 16), (first.Kept, again.Kept, again.Done));
        Assert.Equal(ran, kept);
    }

    [Fact]
    public void Run_OtherSeedsAndBounds_RunsOnlyWhatIsNew()
    {
        Run([Cell("constant:8")], 1);
        Assert.Equal(4, Run([Cell("constant:8")], 3).Sweep.Kept);
        Assert.Equal(0, Run([Cell("constant:8", latencyMs: 61)], 3).Sweep.Kept);
        Assert.Equal(0, Run([Cell("constant:7")], 3).Sweep.Kept);
    }

    [Fact]
    public void Run_CutShort_KeepsWholeLinesOnly()
    {
        (_, string ran) = Run([Cell("constant:8")], 2);
        string text = File.ReadAllText(Path);
        File.WriteAllText(Path, text[..^20]);
        (ControlSweep matrix, string numbers) = Run([Cell("constant:8")], 2);
        Assert.Equal(7, matrix.Kept);
        Assert.Equal(ran, numbers);
        Assert.Equal(8, Run([Cell("constant:8")], 2).Sweep.Kept);
    }

    [Fact]
    public void Run_OtherProgramOrFresh_RunsAnew()
    {
        Run([Cell("constant:8")], 1);
        Assert.Equal(0, Run([Cell("constant:8")], 1, program: "two").Sweep.Kept);
        Assert.Equal(4, Run([Cell("constant:8")], 1, program: "two").Sweep.Kept);
        Assert.Equal(4, Run([Cell("constant:8")], 1).Sweep.Kept);
        Assert.Equal(0, Run([Cell("constant:8")], 1, fresh: true).Sweep.Kept);
    }

    [Fact]
    public void Run_SpotCheckOfAnotherProgram_TakesRowsWhoseFirstSeedIsTheSame()
    {
        (_, string ran) = Run([Cell("constant:8")], 3);
        // As if the planner had given other numbers then.
        using (var journal = new SweepJournal(Path, "one", "data"))
        {
            SweepSample planner = journal.Find(Cell("constant:8"), "planner", 1)!;
            journal.Add(Cell("constant:8"), "planner", 1, planner with { FirstEpochs = 0.123 });
        }
        (ControlSweep matrix, string numbers) = Run([Cell("constant:8")], 3, program: "two", spot: true);
        Assert.Equal((6, 6, 12), (matrix.Kept, matrix.SpotChecked, matrix.Done));
        Assert.Equal(ran, numbers);
        // The first seeds are this program's by now, and so is all of the planner.
        ControlSweep again = Run([Cell("constant:8")], 3, program: "two", spot: true).Sweep;
        Assert.Equal((12, 6), (again.Kept, again.SpotChecked));
    }

    [Fact]
    public void Run_SpotCheckAfterAnInterruptedBuild_MixesNoBuilds()
    {
        (_, string ran) = Run([Cell("constant:8")], 3);
        // An old build had other numbers; a newer one was stopped behind its first seed, whose numbers are today's.
        using (var journal = new SweepJournal(Path, "old", "data", fresh: true))
        {
            for (int seed = 1; seed <= 3; seed++)
            {
                foreach (string row in SweepPlan.EverywhereRows)
                {
                    ReplayResult result = ReplayRunner.Run(Cell("constant:8").Scenario, row, seed);
                    journal.Add(Cell("constant:8"), row, seed, SweepSample.Of(result) with { FirstEpochs = 0.123 });
                }
            }
        }
        Run([Cell("constant:8")], 1, program: "stopped");
        (ControlSweep matrix, string numbers) = Run([Cell("constant:8")], 3, program: "new", spot: true);
        Assert.Equal(0, matrix.SpotChecked);
        Assert.Equal(ran, numbers);
    }

    [Fact]
    public void Open_Twice_IsRefused()
    {
        using var journal = new SweepJournal(Path, "one", "data");
        Assert.Throws<IOException>(() => new SweepJournal(Path, "one", "data"));
    }

    [Fact]
    public void Open_NoJournal_StartsOver()
    {
        File.WriteAllText(Path, "something else;\n");
        Assert.Equal(0, Run([Cell("constant:8")], 1).Sweep.Kept);
        Assert.Equal(4, Run([Cell("constant:8")], 1).Sweep.Kept);
    }

    [Fact]
    public void HashOf_ChangedFile_Differs()
    {
        string file = System.IO.Path.Combine(_folder.FullName, "p.csv");
        File.WriteAllText(file, "a");
        string hash = SweepJournal.HashOf(file);
        Assert.Equal(hash, SweepJournal.HashOf(file));
        File.WriteAllText(file, "b");
        Assert.NotEqual(hash, SweepJournal.HashOf(file));
    }

    [Fact]
    public void Sample_ThroughNumbers_IsTheSame()
    {
        ReplayMetrics metrics = ReplayMetrics.From([.. Enumerable.Range(1, ReplayMetrics.Columns.Count).Select(i => (double)i)]);
        var sample = new SweepSample(metrics, [3, 4], new(1, 2, 3, 4), new(5, 6, 7, 8))
        {
            FirstEpochs = 0.25,
            Last = new(9, 10, 11, 12),
            TookMs = 7,
        };
        SweepSample read = SweepSample.FromNumbers([.. sample.ToNumbers()])!;
        Assert.Equal(sample with { Adaptations = read.Adaptations }, read);
        Assert.Equal(sample.Adaptations, read.Adaptations);
        Assert.Equal(Enumerable.Range(1, ReplayMetrics.Columns.Count).Select(i => (double)i),
            ReplayMetrics.Columns.Select(c => c.Value(metrics)));
        Assert.Null(SweepSample.FromNumbers([1, 2, 3]));
    }
}
