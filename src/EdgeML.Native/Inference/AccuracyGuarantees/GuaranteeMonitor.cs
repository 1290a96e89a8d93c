using System.Diagnostics.CodeAnalysis;
using EdgeML.Native.Codecs;
using EdgeML.Native.Control.Estimation;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Inference.AccuracyGuarantees;

/// <summary>Runs a sampled share of the tasks to the end when the session is idle, and tightens the guarantee's limits when early answers
/// differ from the whole network's more often than calibration allows.</summary>
/// <remarks>
/// All a task pays is a hash of its number, and for a sampled one that left early a copy of its input after it was answered. One check
/// is under way at a time; a sampled task that comes meanwhile is skipped whatever its answer, so that skipping says nothing about
/// answers. The monitor's thread works on its own memory.
/// </remarks>
sealed class GuaranteeMonitor : IDisposable
{
    /// <summary>How long a check waits for an idle moment; then it runs in any case.</summary>
    const int PatienceMs = 200;

    /// <summary>A check is no reason to keep the link from tasks for longer than this.</summary>
    const double LongestTransferMs = 50;

    const double DeadlineMs = 10_000;

    readonly BranchedModel _model;
    readonly InferenceSlotPool _slots;
    readonly ITail? _tail;
    readonly ControlLoop _control;
    readonly ulong _sampledBelow;
    readonly ulong _seed;
    readonly EProcessTest _watch;
    readonly Lock _gate = new();
    readonly Workspace _workspace;
    readonly ChainPlan _plan;
    readonly float[] _logits;
    readonly ExitPolicy _noExits;
    readonly AutoResetEvent _wake = new(false);
    readonly ManualResetEventSlim _free = new(true);
    readonly Thread _thread;
    RunResultNative _result = new();
    AccuracyGuarantee? _guarantee;
    bool _inputIsBytes;
    int _class;
    bool _busy;
    volatile bool _stopping;
    long _checked;
    long _differing;
    long _skipped;
    double _doubt;

    public GuaranteeMonitor(BranchedModel model, InferenceSlotPool slots, ITail? tail, ControlLoop control, AccuracyGuarantee guarantee, double share,
        int seed)
    {
        (_model, _slots, _tail, _control) = (model, slots, tail, control);
        _sampledBelow = TaskHash.Below(share);
        _seed = TaskHash.Seed(seed);
        _watch = new EProcessTest(guarantee.DiffersAtMost);
        // Over all steps of tightening together, a session on inputs like the samples tightens once with no more than this probability.
        _doubt = (1 - guarantee.Confidence) / 2;
        ModelManifest manifest = model.Manifest;
        _workspace = new Workspace(model.Backend, manifest);
        var thresholds = new float[manifest.SideExits];
        _noExits = new ExitPolicy(thresholds, cut: 0);
        _plan = new ChainPlan(model, _workspace, PlanKey.For(manifest, 0, manifest.LocalCut, thresholds), Fusion.None);
        _logits = new float[manifest.Classes];
        _thread = new Thread(Work) { IsBackground = true, Name = "edgeml guarantee", Priority = ThreadPriority.Lowest };
        _thread.Start();
    }

    public GuaranteeCounters Counters
    {
        get
        {
            lock (_gate)
                return new GuaranteeCounters(_checked, _differing, _skipped, _control.Guarantee?.Tightened ?? 0,
                    _watch.Evidence);
        }
    }

    /// <summary>Exceptions that ended a check.</summary>
    public BackgroundFaults Faults { get; } = new();

    /// <summary>Called on the thread of the watch before it runs the whole network; for tests.</summary>
    internal Action? Checking { get; set; }

    /// <summary>Looks at an answered task whose slot is still the caller's.</summary>
    public void Offer(InferenceSlot slot, in TaskResult result)
    {
        if (result.Guarantee is not { } guarantee || TaskHash.Of((ulong)result.TaskId ^ _seed) > _sampledBelow) return;
        lock (_gate)
        {
            if (_busy)
            {
                _skipped++;
                return;
            }
            _busy = true;
            _free.Reset();
        }
        if (result.Exit == _model.Manifest.Exits.Count)
        {
            // The whole network has answered: nothing to be run.
            Take(guarantee, differs: false);
            Done();
            return;
        }
        (_guarantee, _class, _inputIsBytes) = (guarantee, result.Class, slot.HasSourceBytes);
        PinnedBuffer input = _inputIsBytes ? slot.Workspace.Source : slot.Workspace.Boundary(0);
        input.Data.CopyTo((_inputIsBytes ? _workspace.Source : _workspace.Boundary(0)).Data);
        _wake.Set();
    }

    /// <summary>Waits for a check under way.</summary>
    public void WaitUntilIdle() => _free.Wait();

    /// <summary>Ends the check under way as soon as it can be; before the tail client is closed.</summary>
    public void Stop()
    {
        _stopping = true;
        _wake.Set();
    }

    public void Dispose()
    {
        Stop();
        _thread.Join();
        _plan.Dispose();
        _workspace.Dispose();
        _wake.Dispose();
        _free.Dispose();
    }

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void Work()
    {
        while (true)
        {
            _wake.WaitOne();
            if (_stopping) return;
            for (int waited = 0; waited < PatienceMs && !_slots.IsIdle && !_stopping; waited++) Thread.Sleep(1);
            try
            {
                if (!_stopping) Take(_guarantee!, differs: WholeAnswer() != _class);
            }
            catch (NativeException)
            {
                // A backend that fails here fails the next task too, which reports it to the user; a check has no answer to give.
                Skip();
            }
            catch (Exception e)
            {
                Skip();
                Faults.Add("guarantee", "a check was left out", e);
            }
            Done();
        }
    }

    void Skip()
    {
        lock (_gate) _skipped++;
    }

    void Done()
    {
        // In one step: a caller that waited for this check finds room for the next one.
        lock (_gate)
        {
            _free.Set();
            _busy = false;
        }
    }

    int WholeAnswer()
    {
        Checking?.Invoke();
        var encoding = _inputIsBytes ? TensorEncoding.Bytes : TensorEncoding.Float32;
        PinnedBuffer input = _inputIsBytes ? _workspace.Source : _workspace.Boundary(0);
        // An unmeasured rate is no reason against the tail.
        if (_tail is not null && _tail.Snapshot(out _, out _) is { Up: true } link
            && !(input.Length * 8e3 / link.RateBitsPerSecond > LongestTransferMs))
        {
            var request = new TailRequest
            {
                Policy = _noExits,
                Encoding = encoding,
                Payload = input.Address,
                PayloadBytes = input.Length,
                DeadlineMs = DeadlineMs,
            };
            TailReply reply = _tail.SendAndWait(request, _logits);
            if (reply.Outcome == TailOutcome.Answered) return reply.Answer.Class;
        }
        if (_inputIsBytes)
            _model.Pixels.Decode(input.Data, _workspace.Boundary(0).Floats);
        _plan.Run(_noExits.Thresholds, ref _result);
        return _result.Label;
    }

    void Take(AccuracyGuarantee guarantee, bool differs)
    {
        lock (_gate)
        {
            // Answers under wider limits tell nothing about these.
            if (!ReferenceEquals(guarantee, _control.Guarantee)) return;
            _checked++;
            if (differs) _differing++;
            _watch.Observe(differs);
            EdgeMetrics.RecordCheck(differs, _watch.Evidence);
            if (_watch.Evidence < 1 / _doubt) return;
            _control.Guarantee = guarantee.Tighten();
            _doubt /= 2;
            _watch.Reset();
            EdgeMetrics.RecordTightened();
        }
    }
}
