using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Interop;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Inference.AccuracyGuarantees;

/// <summary>Learns the accuracy of the exits of an uncalibrated package: runs a share of the tasks through the whole network and all heads when
/// the session is idle, and tells the cost model how sure every exit was and whether it agreed with the whole network.</summary>
/// <remarks>
/// The choice of sampled tasks is independent of their answers. One is under way at a time; a sampled task that comes meanwhile is
/// skipped. Where the session is never idle it takes at most a tenth of one core. It works on its own memory, on a thread of
/// the lowest priority, and ends when enough is known.
/// </remarks>
sealed class ExitLearner : IDisposable
{
    /// <summary>Samples from which on they are used at all; twice as many every time they are counted again.</summary>
    internal const int FirstSamples = 100;

    /// <summary>Samples that are enough.</summary>
    internal const int EnoughSamples = SampleSet.MaxSamples;

    /// <summary>Share of the tasks that are sampled.</summary>
    internal const double Share = 0.1;

    /// <summary>Where the session is busy it rests this many times as long as a sample took.</summary>
    const double RestFactor = 9;

    const string Source = "this session's tasks";

    readonly InferenceSlotPool _slots;
    readonly CostModel _costs;
    readonly FullNetwork _network;
    readonly ulong _sampledBelow;
    readonly ulong _seed;
    readonly byte[] _bytes;
    readonly float[] _tensor;
    readonly float[] _entropies;
    readonly bool[] _agrees;
    readonly int _exits;
    readonly ExitRule _rule;
    readonly AutoResetEvent _wake = new(false);
    readonly ManualResetEventSlim _free = new(true);
    readonly Thread _thread;
    bool _inputIsBytes;
    readonly Lock _gate = new();
    bool _busy;
    int _samples;
    volatile bool _stopping;
    volatile CalibrationInfo? _learned;

    /// <param name="model">Loaded.</param>
    /// <param name="slots">Of the session.</param>
    /// <param name="costs">Gets the learned calibration.</param>
    /// <param name="share">Share of the tasks to sample.</param>
    /// <param name="seed">Of the choice of tasks.</param>
    public ExitLearner(BranchedModel model, InferenceSlotPool slots, CostModel costs, double share, int seed)
    {
        (_slots, _costs, _exits) = (slots, costs, model.Manifest.Exits.Count);
        _rule = model.Manifest.ExitRule;
        _sampledBelow = TaskHash.Below(share);
        _seed = TaskHash.Seed(seed);
        _network = new FullNetwork(model, Fusion.None);
        _bytes = new byte[model.Manifest.Input.Elements];
        _tensor = new float[model.Manifest.Input.Elements];
        _entropies = new float[EnoughSamples * _exits];
        _agrees = new bool[EnoughSamples * _exits];
        _thread = new Thread(Work) { IsBackground = true, Name = "edgeml exits", Priority = ThreadPriority.Lowest };
        _thread.Start();
    }

    /// <summary>The calibration so far; null for none yet.</summary>
    public CalibrationInfo? Learned => _learned;

    /// <summary>Looks at an answered task whose slot is still the caller's.</summary>
    public void Offer(InferenceSlot slot, long taskId)
    {
        if (TaskHash.Of((ulong)taskId ^ _seed) > _sampledBelow) return;
        lock (_gate)
        {
            if (_busy) return;
            _busy = true;
            _free.Reset();
        }
        _inputIsBytes = slot.HasSourceBytes;
        if (_inputIsBytes) slot.Workspace.Source.Data.CopyTo(_bytes);
        else slot.Workspace.Boundary(0).Floats.CopyTo(_tensor);
        _wake.Set();
    }

    /// <summary>Waits for a sample under way.</summary>
    public void WaitUntilIdle() => _free.Wait();

    /// <summary>Ends as soon as it can be.</summary>
    public void Stop()
    {
        _stopping = true;
        _wake.Set();
    }

    public void Dispose()
    {
        Stop();
        _thread.Join();
        _network.Dispose();
        _wake.Dispose();
        _free.Dispose();
    }

    /// <summary>Exceptions that cost a sample.</summary>
    public BackgroundFaults Faults { get; } = new();

    /// <summary>Called on the learner's thread before it runs the whole network; for tests.</summary>
    internal Action? Sampling { get; set; }

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void Work()
    {
        (long ended, double restMs) = (Stopwatch.GetTimestamp(), 0);
        while (_samples < EnoughSamples)
        {
            _wake.WaitOne();
            if (_stopping) break;
            while (!_slots.IsIdle && !_stopping && Stopwatch.GetElapsedTime(ended).TotalMilliseconds < restMs) Thread.Sleep(1);
            long started = Stopwatch.GetTimestamp();
            try
            {
                if (!_stopping) Sample();
            }
            catch (NativeException)
            {
                // A backend that fails here fails the next task too, which reports it to the user.
            }
            catch (Exception e)
            {
                Faults.Add("exits", "a sample was left out", e);
            }
            ended = Stopwatch.GetTimestamp();
            restMs = RestFactor * Stopwatch.GetElapsedTime(started, ended).TotalMilliseconds;
            // In one step: a caller that waited for this sample finds room for the next one.
            lock (_gate)
            {
                // Enough is known: stay busy, so that no more samples are taken.
                _busy = _samples >= EnoughSamples;
                _free.Set();
            }
        }
        _free.Set();
    }

    void Sample()
    {
        Sampling?.Invoke();
        if (_inputIsBytes) _network.Run(_bytes);
        else _network.Run(_tensor);
        int at = _samples * _exits;
        _network.Entropies.CopyTo(_entropies.AsSpan(at));
        ReadOnlySpan<int> classes = _network.Classes;
        for (int exit = 0; exit < _exits; exit++) _agrees[at + exit] = classes[exit] == classes[^1];
        _samples++;
        bool counts = _samples == EnoughSamples || (_samples % FirstSamples == 0 && System.Numerics.BitOperations.IsPow2(_samples / FirstSamples));
        if (!counts) return;
        int values = _samples * _exits;
        var calibration = new ExitCalibration(
            _exits, _entropies.AsSpan(0, values).ToArray(), _agrees.AsSpan(0, values).ToArray(), Source, labelled: false)
        {
            Rule = _rule,
        };
        _costs.UseCalibration(calibration);
        _learned = calibration.Info with { Learned = true };
    }
}
