using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Energy;

/// <summary>Charges a task the energy that a sensor measured while it ran, everything else on the device included.</summary>
/// <remarks>
/// Its own thread samples; tasks only interpolate, from any thread, and allocate nothing. Tasks that overlap are each charged the
/// whole. A sensor that stops answering leaves the rest to the declared model, and <see cref="Source"/> reports it.
/// </remarks>
sealed class SensorEnergyMeter : IEnergyMeter, IDisposable
{
    const int Samples = 1024;
    const int MostFailures = 5;

    /// <summary>How long a counter may stand still at the start and still count as one.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(400);

    readonly IEnergySensor _sensor;
    readonly DeclaredEnergyMeter _declared;
    readonly EnergyTrack _track;
    readonly ManualResetEventSlim _stop = new();
    readonly Thread _sampler;
    long _lastTicks;
    double _lastWatts;
    double _joules;
    volatile bool _failed;

    SensorEnergyMeter(IEnergySensor sensor, PowerModel declared)
    {
        (_sensor, _declared) = (sensor, new DeclaredEnergyMeter(declared));
        _track = new EnergyTrack(Samples, sensor.IsCounter ? Stopwatch.Frequency : 0);
        _sampler = new Thread(Sample) { IsBackground = true, Name = "edgeml energy" };
    }

    /// <inheritdoc/>
    public string Source => _failed ? _declared.Source : _sensor.Name;

    /// <summary>Starts to sample and waits for a first rate.</summary>
    /// <param name="sensor">Taken over; disposed here where it does not move.</param>
    /// <param name="declared">For when the sensor fails.</param>
    /// <returns>Null where the sensor shows no energy at all.</returns>
    public static SensorEnergyMeter? Start(IEnergySensor sensor, PowerModel declared)
    {
        var meter = new SensorEnergyMeter(sensor, declared);
        meter._sampler.Start();
        long started = Stopwatch.GetTimestamp();
        while (!meter._track.HasRate && !meter._failed && Stopwatch.GetElapsedTime(started) < s_patience) meter._stop.Wait(1);
        if (meter._track.HasRate) return meter;
        meter.Dispose();
        return null;
    }

    /// <inheritdoc/>
    public double TaskJoules(double latencyMs, double busyMs, double radioMs)
    {
        if (_failed) return _declared.TaskJoules(latencyMs, busyMs, radioMs);
        long now = Stopwatch.GetTimestamp();
        return _track.Between(now - (long)(latencyMs / 1000 * Stopwatch.Frequency), now);
    }

    /// <summary>Ends the thread and closes the sensor.</summary>
    public void Dispose()
    {
        if (_stop.IsSet) return;
        _stop.Set();
        _sampler.Join();
        _sensor.Dispose();
        _stop.Dispose();
    }

    /// <summary>Exceptions of the sensor; the declared model serves after the first.</summary>
    public BackgroundFaults Faults { get; } = new();

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void Sample()
    {
        try
        {
            ReadUntilStopped();
        }
        catch (Exception e)
        {
            _failed = true;
            Faults.Add("energy sensor", $"{_sensor.Name} is no longer read, energy is declared", e);
        }
    }

    void ReadUntilStopped()
    {
        int failures = 0;
        int pause = (int)_sensor.Pause.TotalMilliseconds;
        do
        {
            bool read = _sensor.TryRead(out double value);
            failures = read ? 0 : failures + 1;
            if (read) Take(Stopwatch.GetTimestamp(), value);
            // One that is gone does not come back under the same handle.
            if (failures == MostFailures) _failed = true;
        }
        while (!_failed && !_stop.Wait(pause));
    }

    void Take(long now, double value)
    {
        if (_sensor.IsCounter)
        {
            _track.Add(now, value);
            return;
        }
        if (_lastTicks != 0) _joules += (_lastWatts + value) / 2 * Stopwatch.GetElapsedTime(_lastTicks, now).TotalSeconds;
        (_lastTicks, _lastWatts) = (now, value);
        _track.Add(now, _joules);
    }
}
