using System.Diagnostics;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;

namespace EdgeML.Native.Inference.Profiling;

/// <summary>Runs units of the network on this device, in the time of the emulated one where one is emulated. Any thread.</summary>
sealed class EdgeUnits
{
    /// <summary>The smallest threshold: such an exit is tried and hardly ever taken.</summary>
    public const float TriedOnly = 1e-30f;

    readonly BranchedModel _model;
    readonly DeviceEmulation? _emulation;
    readonly UnitClock? _emulated;

    /// <param name="model">Loaded.</param>
    /// <param name="emulation">Null for this machine as it is.</param>
    /// <exception cref="InvalidDataException">The emulated device's times do not fit the model.</exception>
    public EdgeUnits(BranchedModel model, DeviceEmulation? emulation)
    {
        (_model, _emulation) = (model, emulation);
        if (emulation is not null) _emulated = new UnitClock(model.Manifest, emulation.Device);
    }

    /// <summary>Runs units <paramref name="start"/> + 1 .. <paramref name="stop"/> with the exits between them.</summary>
    /// <param name="slot">Holds the tensor after unit <paramref name="start"/>.</param>
    /// <param name="start">Units that have run.</param>
    /// <param name="stop">The last unit.</param>
    /// <param name="thresholds">One per side exit.</param>
    /// <param name="milliseconds">The time of that.</param>
    /// <returns>Whether an exit answered.</returns>
    public bool Run(InferenceSlot slot, int start, int stop, ReadOnlySpan<float> thresholds, out double milliseconds)
    {
        long started = Stopwatch.GetTimestamp();
        bool answered = slot.Run(start, stop, thresholds);
        if (_emulated is { } clock && stop > start)
        {
            int reached = answered ? _model.Manifest.Exits[(int)slot.Result.ExitIndex - 1].AfterUnit : stop;
            _emulation!.WaitUntil(started, clock.Milliseconds(start, reached, thresholds));
        }
        milliseconds = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        return answered;
    }
}
