using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Inference.AccuracyGuarantees;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Inference.Engines;

namespace EdgeML.Native.Tests.Inference.AccuracyGuarantees;

public sealed class GuaranteeMonitorTests
{
    /// <summary>A watch with everything it works on, whose tasks a test makes up.</summary>
    sealed class Watched : IDisposable
    {
        readonly LoadedGraph _loaded = new("chain");
        readonly InferenceSlotPool _slots;
        readonly InferenceSlot _slot;
        readonly float[] _input;
        readonly int _class;

        public Watched(double share = 1, int seed = 1, double differsAtMost = 0.01)
        {
            ModelManifest manifest = _loaded.Manifest;
            Guarantee = new AccuracyGuarantee
            {
                Model = manifest.Hash,
                MaxLoss = 0.01,
                Confidence = 0.9,
                Labelled = false,
                Limits = [.. Enumerable.Repeat(1f, manifest.SideExits)],
                DiffersAtMost = differsAtMost,
                Samples = 500,
                Losses = 2,
                Source = "test",
            };
            _slots = new InferenceSlotPool(_loaded.Model, 1);
            // Not one of the pool, which therefore is idle at all times: no check waits.
            _slot = new InferenceSlot(_loaded.Model);
            _input = _loaded.Input(5);
            float[] logits = _loaded.Reference(_input)[^1];
            _class = Array.IndexOf(logits, logits.Max());
            var always = new FixedController(_loaded.Policy(1f, manifest.LocalCut));
            Control = new ControlLoop(always, null, Requirements.None) { Guarantee = Guarantee };
            Watch = new GuaranteeMonitor(_loaded.Model, _slots, null, Control, Guarantee, share, seed);
        }

        public AccuracyGuarantee Guarantee { get; }

        public ControlLoop Control { get; }

        public GuaranteeMonitor Watch { get; }

        public int Whole => _loaded.Manifest.Exits.Count;

        /// <summary>Offers a task that was answered by an exit, as right or wrong as the whole network's class says.</summary>
        public void Offer(long task, int exit, bool differs = false, AccuracyGuarantee? under = null)
        {
            _slot.Load(_input);
            Watch.Offer(_slot, new TaskResult
            {
                TaskId = task,
                Exit = exit,
                Class = differs ? (_class + 1) % _loaded.Manifest.Classes : _class,
                Guarantee = under ?? Guarantee,
            });
            Watch.WaitUntilIdle();
        }

        public void Dispose()
        {
            Watch.Dispose();
            Control.Dispose();
            _slot.Dispose();
            _slots.Dispose();
            _loaded.Dispose();
        }
    }

    [Theory]
    [InlineData(0.25)]
    [InlineData(1)]
    public void Offer_ManyTasks_ChecksTheShareAskedFor(double share)
    {
        using var watched = new Watched(share);
        const int tasks = 8000;
        for (int task = 0; task < tasks; task++) OfferWhole(watched, task);
        double spread = Math.Sqrt(tasks * share * (1 - share));
        Assert.InRange(watched.Watch.Counters.Checked, (tasks * share) - (4 * spread), (tasks * share) + (4 * spread));
        Assert.Equal(0, watched.Watch.Counters.Differing);
    }

    [Fact]
    public void Offer_OtherSeed_ChecksOtherTasks()
    {
        Assert.Equal(Chosen(3), Chosen(3));
        Assert.NotEqual(Chosen(3), Chosen(4));

        static int[] Chosen(int seed)
        {
            using var watched = new Watched(0.5, seed);
            var chosen = new List<int>();
            for (int task = 0; task < 64; task++)
            {
                long before = watched.Watch.Counters.Checked;
                OfferWhole(watched, task);
                if (watched.Watch.Counters.Checked > before) chosen.Add(task);
            }
            return [.. chosen];
        }
    }

    // A task that the whole network answered needs no run and no slot.
    static void OfferWhole(Watched watched, int task) =>
        watched.Watch.Offer(null!, new TaskResult { TaskId = task, Exit = watched.Whole, Guarantee = watched.Guarantee });

    [Fact]
    public void Offer_EarlyAnswers_AreComparedWithTheWholeNetworks()
    {
        // Where half of the answers may differ, two of six are no reason to tighten.
        using var watched = new Watched(differsAtMost: 0.5);
        for (int task = 0; task < 6; task++) watched.Offer(task, exit: 1, differs: task % 3 == 0);
        GuaranteeCounters counters = watched.Watch.Counters;
        Assert.Equal((6, 2, 0), (counters.Checked, counters.Differing, counters.Skipped));
        Assert.Equal(0, counters.Tightened);
    }

    [Fact]
    public void Offer_WithoutGuaranteeOrUnderAnotherOne_SaysNothing()
    {
        using var watched = new Watched();
        watched.Watch.Offer(null!, new TaskResult { TaskId = 1, Exit = watched.Whole, Guarantee = null });
        watched.Offer(2, exit: 1, differs: true, under: watched.Guarantee with { MaxLoss = 0.02 });
        Assert.Equal((0, 0), (watched.Watch.Counters.Checked, watched.Watch.Counters.Differing));
    }

    [Fact]
    public void Offer_AnswersThatDiffer_TightenOnceTheEvidenceIsThere()
    {
        using var watched = new Watched(differsAtMost: 0.01);
        int task = 0;
        for (; ReferenceEquals(watched.Control.Guarantee, watched.Guarantee) && task < 100; task++) watched.Offer(task, exit: 1, differs: true);
        // One in a hundred may differ; each that does is worth a factor of evidence, and 20 is enough.
        Assert.InRange(task, 2, 20);
        Assert.Equal(1, watched.Watch.Counters.Tightened);
        Assert.True(watched.Control.Guarantee!.Limits[0] < watched.Guarantee.Limits[0]);
        Assert.Equal(1, watched.Watch.Counters.Evidence, 12);
    }

    [Fact]
    public void Work_CheckThrowsAnything_IsSkippedRecordedAndTheNextOneRuns()
    {
        using var watched = new Watched();
        watched.Watch.Checking = () => throw new InvalidDataException("no answer today");
        watched.Offer(1, exit: 1);
        Assert.Equal((0, 1), (watched.Watch.Counters.Checked, watched.Watch.Counters.Skipped));
        Assert.Equal(["guarantee: a check was left out (InvalidDataException: no answer today)"], watched.Watch.Faults.Texts);
        watched.Watch.Checking = null;
        watched.Offer(2, exit: 1, differs: true);
        Assert.Equal((1, 1, 1), (watched.Watch.Counters.Checked, watched.Watch.Counters.Differing, watched.Watch.Counters.Skipped));
    }

    [Fact]
    public void Offer_AfterWaiting_IsNeverTurnedAway()
    {
        using var watched = new Watched(differsAtMost: 0.5);
        const int tasks = 20_000;
        for (int task = 0; task < tasks; task++) watched.Offer(task, exit: 1);
        Assert.Equal((tasks, 0), (watched.Watch.Counters.Checked, watched.Watch.Counters.Skipped));
    }

    [Fact]
    public void Offer_WhileACheckIsUnderWay_IsSkipped()
    {
        using var watched = new Watched();
        using var checking = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        watched.Watch.Checking = () =>
        {
            checking.Set();
            goOn.Wait(TimeSpan.FromSeconds(60));
        };
        var first = new Thread(() => watched.Offer(1, exit: 1));
        first.Start();
        Assert.True(checking.Wait(TimeSpan.FromSeconds(60)));
        OfferWhole(watched, 2);
        Assert.Equal(1, watched.Watch.Counters.Skipped);
        goOn.Set();
        Assert.True(first.Join(TimeSpan.FromSeconds(60)));
        Assert.Equal(1, watched.Watch.Counters.Checked);
    }
}
