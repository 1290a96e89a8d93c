using System.Diagnostics;
using System.Runtime.CompilerServices;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Energy;
using EdgeML.Native.Imaging;
using EdgeML.Native.Inference.AccuracyGuarantees;
using EdgeML.Native.Inference.Deadlines;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Inference.Sessions;

/// <summary>Answers inputs under a policy: the first units here, undecided inputs at the cut on the tail, and everything here when
/// the tail is late or gone.</summary>
/// <remarks>
/// Any thread, up to <see cref="EdgeSessionOptions.InFlight"/> tasks at a time; further ones wait for a slot. In steady state a local
/// task allocates nothing. Every task gets exactly one answer, whatever the link does.
/// </remarks>
public sealed partial class EdgeSession : IDisposable
{
    readonly BranchedModel _model;
    readonly EdgeSessionOptions _options;
    readonly InferenceSlotPool _slots;
    readonly ITail? _tail;
    readonly ControlLoop _control;
    readonly TaskRunner _tasks;
    readonly GuaranteeMonitor? _watch;
    readonly ExitLearner? _learner;
    readonly SessionWarnings _warnings;
    readonly IEnergyMeter _energy;
    readonly Lock _controlGate = new();
    readonly long _created = Stopwatch.GetTimestamp();
    int _disposed, _isWarm;

    /// <summary>Creates a session on a loaded model, which must outlive it.</summary>
    /// <param name="model">Loaded.</param>
    /// <param name="options">Null for everything on the edge.</param>
    /// <exception cref="ArgumentException">A policy that does not fit the model, an option with a value that it cannot have, or options that
    /// contradict each other.</exception>
    /// <exception cref="TailUnavailableException">The tail is required, and cannot be used.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public EdgeSession(BranchedModel model, EdgeSessionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        model.ThrowIfDisposed();
        _model = model;
        _options = options ?? new EdgeSessionOptions();
        _warnings = new SessionWarnings(_options.OnWarning);
        SessionOptionRules.Check(_options, model);
        bool controlled = _options.ControllerName is not null || _options.CreateController is not null;
        if (controlled && _options.Policy is not null)
            throw new ArgumentException("a session takes either a controller or a fixed policy, not both");
        if (_options.Policy is { } chosen) SessionOptionRules.Check(chosen, _options, model);
        var units = new EdgeUnits(model, _options.Emulation);
        var profile = _options.Emulation?.Device ?? _options.Profile ?? model.Package.Profile;
        if (controlled) profile ??= DeviceProfiler.Measure(model, Environment.MachineName);
        _energy = _options.EnergyMeter ?? Meter(profile?.Power ?? PowerModel.Default);
        IPolicyController? controller = null;
        try
        {
            SessionLink? link = null;
            _tail = SessionTails.Open(_options, model);
            if (_tail is not null)
            {
                SessionTails.Await(_tail, _options);
                link = new SessionLink(_tail);
            }
            AccuracyGuarantee? guarantee = _options.KeepGuarantee ? model.Package.Guarantee : null;
            CostModel? costs = null;
            controller = controlled
                ? SessionControl.Create(model, profile!, link, _options, guarantee, out costs)
                : new FixedController(_options.Policy ?? LocalPolicy(model.Manifest));
            _control = new ControlLoop(controller, link, _options.Requirements) { Guarantee = guarantee };
            _slots = new InferenceSlotPool(model, _options.InFlight);
            if (guarantee is not null && _options.CheckShare > 0)
                _watch = new GuaranteeMonitor(model, _slots, _options.RawInput ? _tail : null, _control, guarantee, _options.CheckShare, _options.Seed);
            if (costs is { Judged: AccuracyBasis.Unknown, SideExits: > 0 })
            {
                if (_options.CheckShare > 0 && controller.UsesCalibration)
                    _learner = new ExitLearner(model, _slots, costs, Math.Max(ExitLearner.Share, _options.CheckShare), _options.Seed);
                _warnings.WatchUnknownExits(_control, costs, model, isLearned: _learner is not null);
            }
            if (!controlled && _options.Requirements != Requirements.None)
                _warnings.Add("bounds without a controller choose neither exits nor cut, they are only counted, and the latency bound is the tail's "
                    + $"deadline; controller {PolicyControllers.EdgeML} keeps them");
            // The first decision compiles a good deal; better here than in the first task.
            _ = _control.Current;
            if (_options.WarmUp ?? controlled) WarmUpOnce();
            _tasks = new TaskRunner(
                model, new TaskRules(_options.DeadlineMs, EdgeSessionOptions.DefaultDeadlineMs, _options.Codec, _options.RawInput), units, _energy)
            {
                Created = _created,
                Tail = _tail,
                Control = _control,
                ControlGate = _controlGate,
                Monitor = _watch,
                Learner = _learner,
            };
        }
        catch
        {
            // A session that never came to be must not keep its connection, its learner or a sensor's file.
            if (_control is null) controller?.Dispose();
            Close();
            throw;
        }
    }

    /// <summary>Where the energy of a result comes from: one of <see cref="EnergySensors.Names"/>, or the name that the caller's meter gives
    /// itself.</summary>
    public string EnergySource => _energy.Source;

    /// <summary>The policy of the next task. Setting it works without a controller only; it holds from the very next task on.</summary>
    /// <exception cref="ArgumentException">It does not fit the model.</exception>
    /// <exception cref="InvalidOperationException">A controller chooses.</exception>
    public ExitPolicy Policy
    {
        get
        {
            lock (_controlGate) return _control.Current;
        }
        set
        {
            ThrowIfDisposed();
            SessionOptionRules.Check(value, _options, _model);
            lock (_controlGate)
            {
                if (_control.Controller is not FixedController fixedController)
                    throw new InvalidOperationException($"controller {_control.Controller.Name} chooses the policy");
                fixedController.Policy = value;
                _control.DecideNow();
            }
        }
    }

    /// <summary>The user's bounds; may be set while tasks run and holds from the next task on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A bound that is NaN, 0 or negative.</exception>
    public Requirements Requirements
    {
        get => _control.Requirements;
        set
        {
            SessionOptionRules.Check(value);
            ThrowIfDisposed();
            _control.Requirements = value;
        }
    }

    /// <summary>The guarantee in force, with its limits as they are now; null for none.</summary>
    public AccuracyGuarantee? Guarantee => _control.Guarantee;

    /// <summary>How the guarantee fares on the tasks that were run to the end; all 0 where none is watched.</summary>
    public GuaranteeCounters GuaranteeChecks => _watch?.Counters ?? default;

    /// <summary>The calibration of the exits: by the package's samples, or learned from this session's tasks since; null
    /// where nothing is.</summary>
    public CalibrationInfo? Calibration => _learner?.Learned ?? _model.Package.Calibration?.Info;

    /// <summary>Warnings about how this session works, each given once. Any thread.</summary>
    public IReadOnlyList<string> Warnings => _warnings.All;

    /// <summary>Exceptions that background threads of this session and its model have caught, one line each with the consequence: fusing,
    /// checks of the guarantee, learning, an energy sensor, the link. Tasks are still answered. Empty in a healthy session. Any
    /// thread.</summary>
    public IReadOnlyList<string> BackgroundFaults =>
    [
        .. _model.Fused.Faults.Texts,
        .. _model.ExitRule.Faults.Texts,
        .. _watch?.Faults.Texts ?? [],
        .. _learner?.Faults.Texts ?? [],
        .. _control.Controller.Learning.Fault is { } fault ? new[] { fault } : [],
        .. (_energy as SensorEnergyMeter)?.Faults.Texts ?? [],
        .. _tail?.FaultTexts ?? [],
    ];

    /// <summary>Counts and costs of control so far.</summary>
    public ControlCounters Control
    {
        get
        {
            lock (_controlGate) return _control.Counters;
        }
    }

    /// <summary>Why the policy in force was chosen.</summary>
    public DecisionExplanation Explanation
    {
        get
        {
            lock (_controlGate) return _control.Explanation;
        }
    }

    /// <summary>The current state of link and tail, with several tails of the one that the next task would go to; everything NaN without a
    /// tail.</summary>
    public LinkSnapshot Link => _tail?.Snapshot(out _, out _) ?? LinkSnapshot.None;

    /// <summary>Each tail with its state and how tasks fared with it; empty without a tail. Any thread.</summary>
    public IReadOnlyList<TailReport> Tails => _tail?.Reports() ?? [];

    /// <summary>Where the connection to the tail stands, and why the last one or the last attempt ended; with several tails of the one that the
    /// next task would go to.</summary>
    public TailStatus TailStatus => _tail?.Status ?? TailStatus.None;

    /// <summary>Answers of the tail that contradicted themselves or their task, so far: none was used, the edge finished those tasks. Above 0
    /// something is wrong with the tail.</summary>
    public long ContradictoryAnswers => _tail?.Contradictions ?? 0;

    /// <summary>Answers one input and blocks until it is answered.</summary>
    /// <param name="source">The input's bytes, one per element, in the model's layout and order of channels
    /// (<see cref="ModelManifest.Preprocessing"/>).</param>
    /// <param name="logits">Receives the answering exit's logits, one per class, or the row of all <see cref="Outputs"/>; empty where they are not wanted.</param>
    /// <exception cref="ArgumentException">Another length than the model's input or answer.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public TaskResult Run(ReadOnlySpan<byte> source, Span<float> logits = default)
    {
        CheckLogits(logits.Length);
        var slot = _slots.Rent();
        try
        {
            _tasks.Begin(slot);
            slot.Load(source);
            return _tasks.Run(slot, logits);
        }
        finally
        {
            _slots.Return(slot);
        }
    }

    /// <summary>Answers one picture, for instance of a camera, and blocks until it is answered. It is resized and its channels are put in
    /// order as the package says (<see cref="ModelManifest.Preprocessing"/>); nothing is allocated while frames keep their
    /// size.</summary>
    /// <param name="frame">Any size, format and stride; read before the call returns.</param>
    /// <param name="logits">Receives the answering exit's logits, one per class, or the row of all <see cref="Outputs"/>; empty where they are not wanted.</param>
    /// <exception cref="ArgumentException">The model takes no pictures, or <paramref name="logits"/> has another length than its
    /// answer.</exception>
    public TaskResult Run(in ImageFrame frame, Span<float> logits = default)
    {
        CheckLogits(logits.Length);
        var slot = _slots.Rent();
        try
        {
            _tasks.Begin(slot);
            slot.Load(frame);
            return _tasks.Run(slot, logits);
        }
        finally
        {
            _slots.Return(slot);
        }
    }

    /// <summary>The same for a frame that was taken earlier: latency and deadline count from then on.</summary>
    /// <param name="frame">Read before the call returns.</param>
    /// <param name="taken">Ticks of the stopwatch.</param>
    /// <param name="logits">As long as an answer.</param>
    internal TaskResult Run(in ImageFrame frame, long taken, Span<float> logits)
    {
        var slot = _slots.Rent();
        try
        {
            _tasks.Begin(slot, taken, Stopwatch.GetElapsedTime(taken).TotalMilliseconds);
            slot.Load(frame);
            return _tasks.Run(slot, logits);
        }
        finally
        {
            _slots.Return(slot);
        }
    }

    /// <summary>Answers one input and blocks until it is answered.</summary>
    /// <param name="tensor">The model's input tensor.</param>
    /// <param name="logits">Receives the answering exit's logits, one per class, or the row of all <see cref="Outputs"/>; empty where they are not wanted.</param>
    /// <exception cref="ArgumentException">Another length than the model's input or answer.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public TaskResult Run(ReadOnlySpan<float> tensor, Span<float> logits = default)
    {
        CheckLogits(logits.Length);
        var slot = _slots.Rent();
        try
        {
            _tasks.Begin(slot);
            slot.Load(tensor);
            return _tasks.Run(slot, logits);
        }
        finally
        {
            _slots.Return(slot);
        }
    }

    /// <summary>Answers one input; the edge's part runs on the caller's thread, waiting for the tail does not.</summary>
    /// <param name="source">The input's bytes; must not change until the edge's part has run, that is until the call returns.</param>
    /// <param name="logits">Receives the answering exit's logits, one per class, or the row of all <see cref="Outputs"/>; empty where they are not wanted.</param>
    /// <param name="cancellation">Ends the wait for a free slot and for the tail. The session stays usable; a tensor that was sent is not
    /// called back, its answer is dropped.</param>
    /// <exception cref="ArgumentException">Another length than the model's input or answer.</exception>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellation"/>; the task has no answer and counts nowhere.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<TaskResult> RunAsync(
        ReadOnlyMemory<byte> source, Memory<float> logits = default, CancellationToken cancellation = default)
    {
        CheckLogits(logits.Length);
        var slot = await _slots.RentAsync(cancellation).ConfigureAwait(false);
        try
        {
            _tasks.Begin(slot);
            slot.Load(source.Span);
            return await _tasks.RunAsync(slot, logits, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _slots.Return(slot);
        }
    }

    /// <summary>Closes the interval under way, so that <see cref="Control"/> counts every finished task, and waits for a check of the
    /// guarantee under way; at the end of a run.</summary>
    public void Flush()
    {
        ThrowIfDisposed();
        _watch?.WaitUntilIdle();
        _learner?.WaitUntilIdle();
        lock (_controlGate) _control.Flush();
    }

    /// <summary>Waits for tasks under way, then closes controller, tail connection and memory. Callers that still wait for a slot get an
    /// <see cref="ObjectDisposedException"/>. A second call does nothing.</summary>
    public void Dispose() => Close();

    /// <summary>Tasks at a time.</summary>
    internal int InFlight => _options.InFlight;

    /// <summary>Of the model.</summary>
    internal int AnswerElements => _model.Manifest.AnswerElements;

    /// <summary>Milliseconds from the start of a task until it must be answered.</summary>
    internal double DeadlineMs => _tasks.DeadlineMs;

    /// <summary>Computes once in every slot, unless that has been done.</summary>
    internal void WarmUpOnce()
    {
        if (Interlocked.Exchange(ref _isWarm, 1) == 0) SessionWarmUp.Run(_model, _slots, _options.InFlight, Policy);
    }

    static ExitPolicy LocalPolicy(ModelManifest manifest)
    {
        Span<float> thresholds = stackalloc float[manifest.SideExits];
        thresholds.Clear();
        return new ExitPolicy(thresholds, manifest.LocalCut);
    }

    void CheckLogits(int length)
    {
        ModelManifest manifest = _model.Manifest;
        if (length != 0 && length != manifest.AnswerElements)
            throw new ArgumentException(
                $"room for {length} {(manifest.IsClassifier ? "logits" : "numbers")}, model {manifest.Name} has "
                + (manifest.IsClassifier ? $"{manifest.Classes} classes" : $"outputs of {manifest.AnswerElements}"));
    }

    void ThrowIfDisposed() => Disposed.ThrowIf(Volatile.Read(ref _disposed) != 0, nameof(EdgeSession));

    void Close()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _slots?.Dispose();
        _watch?.Stop();
        _learner?.Stop();
        _control?.Dispose();
        _tail?.Dispose();
        _watch?.Dispose();
        _learner?.Dispose();
        // A meter of the caller's stays the caller's.
        if (_options.EnergyMeter is null) (_energy as IDisposable)?.Dispose();
    }

    IEnergyMeter Meter(PowerModel declared)
    {
        // This machine's power tells nothing about the emulated device.
        if (_options.Emulation is not null) return new DeclaredEnergyMeter(declared);
        bool onGpu = _options.Energy.OnGpu || _model.Backend.Name != "onnxruntime";
        return EnergySensors.Open(declared, _options.Energy with { OnGpu = onGpu });
    }

    /// <summary>Model, bounds and tail in one line.</summary>
    public override string ToString() => Volatile.Read(ref _disposed) != 0
        ? $"{_model.Manifest.Name}, disposed" : $"{_model.Manifest.Name}, {_options.InFlight} in flight, {Requirements}, tail {TailStatus}";
}
