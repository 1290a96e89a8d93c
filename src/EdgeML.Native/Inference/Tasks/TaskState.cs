using System.Diagnostics;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Energy;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Inference.Tasks;

/// <summary>One task under way: its request, its costs so far, and in the end its result and its record. A slot owns one and
/// uses it for task after task. One thread at a time.</summary>
sealed class TaskState
{
    TaskRequest _request;
    TaskResult _result;
    FallbackReason _reason;
    double _rateBitsPerSecond;
    float _firstEntropy;
    int _hedgeClass;
    float _hedgeEntropy;

    /// <summary>The request.</summary>
    public ref readonly TaskRequest Request => ref _request;

    /// <summary>To be executed.</summary>
    public ref readonly ExitPolicy Policy => ref _request.Policy;

    /// <summary>Milliseconds since the call.</summary>
    public double ElapsedMs => Stopwatch.GetElapsedTime(_request.Started).TotalMilliseconds;

    /// <summary>Units after the cut that ran for the standby exit.</summary>
    public int HedgeUnits { get; private set; }

    /// <summary>Whether there is nothing more to run for the standby exit.</summary>
    public bool HedgeEnded { get; private set; }

    /// <summary>Whether the standby exit has an answer; without one, after NaN logits, never.</summary>
    public bool HedgeReady { get; private set; }

    /// <summary>The class that the standby exit answers.</summary>
    public int HedgeClass => _hedgeClass;

    /// <summary>Forgets the last task and starts the next one.</summary>
    public void Begin(in TaskRequest request)
    {
        _request = request;
        _result = new TaskResult
        {
            TaskId = request.Id,
            Policy = request.Policy,
            Guarantee = request.Guarantee,
            QueueMs = request.WaitedMs,
            SlotMs = request.WaitedMs,
        };
        (_reason, _rateBitsPerSecond, _firstEntropy) = (FallbackReason.None, double.NaN, float.NaN);
        (HedgeUnits, HedgeEnded, HedgeReady) = (0, false, false);
    }

    /// <summary>The edge has computed.</summary>
    public void RanOnEdge(double milliseconds) => _result.EdgeMs += milliseconds;

    /// <summary>Exits were tried on the edge.</summary>
    /// <param name="invalid">Whether one of them saw NaN or infinite logits.</param>
    /// <param name="firstEntropy">Of the first of them; NaN where none tells.</param>
    public void TriedExits(bool invalid, float firstEntropy)
    {
        _result.InvalidLogits |= invalid;
        if (float.IsNaN(_firstEntropy)) _firstEntropy = firstEntropy;
    }

    /// <summary>An exit on the edge answers.</summary>
    public void AnswerByEdge(in RunResultNative said) =>
        (_result.Exit, _result.Class, _result.Entropy, _result.Confidence) = ((int)said.ExitIndex, said.Label, said.Entropy, said.Confidence);

    /// <summary>The request is not sent.</summary>
    public void NotSent(FallbackReason reason) => _reason = reason;

    /// <summary>The exchange with the tail has ended; the tail answers if it has an answer.</summary>
    /// <returns>Whether it has.</returns>
    public bool AnswerByTail(in TailReply reply)
    {
        (_result.BytesSent, _result.WireMs) = (reply.BytesSent, reply.WireMs);
        _rateBitsPerSecond = reply.BytesSent > 0 ? reply.RateBitsPerSecond : double.NaN;
        if (reply.Outcome != TailOutcome.Answered)
        {
            if (_reason == FallbackReason.None) _reason = reply.Reason;
            return false;
        }
        (_result.Offloaded, _result.TailMs, _result.QueueMs) = (true, reply.TailMs, _result.SlotMs + reply.QueueMs);
        (_result.Exit, _result.Class) = (reply.Answer.Exit, reply.Answer.Class);
        (_result.Entropy, _result.Confidence) = (reply.Answer.Entropy, reply.Answer.Confidence);
        _result.InvalidLogits |= reply.InvalidLogits;
        return true;
    }

    /// <summary>The edge has run up to so many units after the cut for the standby exit.</summary>
    public void RanHedge(int units, double milliseconds)
    {
        HedgeUnits = units;
        _result.StandbyMs += milliseconds;
        RanOnEdge(milliseconds);
    }

    /// <summary>The standby exit was tried.</summary>
    /// <param name="label">The class it says; -1 where it was not tried.</param>
    /// <param name="entropy">Of its scores; NaN where they are not numbers.</param>
    /// <param name="tells">Whether the entropy tells how hard the input is: not where it stands for exits that did not run.</param>
    /// <param name="invalid">Whether an exit saw NaN or infinite logits.</param>
    public void EndHedge(int label, float entropy, bool tells, bool invalid)
    {
        (_hedgeClass, _hedgeEntropy, HedgeEnded) = (label, entropy, true);
        HedgeReady = label >= 0 && !float.IsNaN(entropy);
        TriedExits(invalid, HedgeReady && tells ? entropy : float.NaN);
    }

    /// <summary>The standby exit answers instead of the tail.</summary>
    /// <param name="confidence">Softmax probability of its class.</param>
    public void AnswerByHedge(float confidence)
    {
        FallBack();
        _result.Standby = true;
        (_result.Exit, _result.Class, _result.Entropy, _result.Confidence) = (Policy.Standby, _hedgeClass, _hedgeEntropy, confidence);
    }

    /// <summary>The edge answers instead of the tail.</summary>
    public void FallBack() => (_result.Fallback, _result.FallbackReason) = (true, _reason);

    /// <summary>Ends the task: it has its answer.</summary>
    /// <param name="energy">Measures its energy.</param>
    public TaskResult Complete(IEnergyMeter energy)
    {
        _result.LatencyMs = ElapsedMs;
        double radioMs = double.IsNaN(_rateBitsPerSecond)
            ? _result.WireMs : Math.Min(_result.WireMs, _result.BytesSent * 8e3 / _rateBitsPerSecond);
        // While it waited, the device worked for the tasks before it.
        _result.EnergyJ = energy.TaskJoules(_result.LatencyMs - _result.SlotMs, _result.EdgeMs, radioMs);
        return _result;
    }

    /// <summary>The record of the completed task, for controllers.</summary>
    /// <param name="timeSeconds">Since the session started.</param>
    public TaskRecord Record(double timeSeconds) => new()
    {
        TaskId = _result.TaskId,
        TimeSeconds = timeSeconds,
        Policy = _result.Policy,
        Exit = _result.Exit,
        Class = _result.Class,
        FirstEntropy = _firstEntropy,
        LatencyMs = _result.LatencyMs,
        EdgeMs = _result.EdgeMs,
        StandbyMs = _result.StandbyMs,
        StandbyUnits = HedgeUnits,
        StandbyReady = HedgeReady,
        WireMs = _result.WireMs,
        TailMs = _result.TailMs,
        QueueMs = _result.QueueMs,
        SlotMs = _result.SlotMs,
        EnergyJ = _result.EnergyJ,
        BytesSent = _result.BytesSent,
        RateBitsPerSecond = _rateBitsPerSecond,
        Offloaded = _result.Offloaded,
        Fallback = _result.Fallback,
    };
}
