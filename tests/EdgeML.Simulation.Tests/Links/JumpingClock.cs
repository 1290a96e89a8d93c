using EdgeML.Simulation.Links;

namespace EdgeML.Simulation.Tests.Links;

/// <summary>Virtual time: whoever waits for a moment finds that it has come. How long anything takes depends on what is waited for and not
/// on how busy this machine is.</summary>
sealed class JumpingClock : LinkClock
{
    readonly Lock _gate = new();
    double _now;
    int _waits;

    public override double Now
    {
        get
        {
            lock (_gate) return _now;
        }
    }

    /// <summary>Waits so far.</summary>
    public int Waits => Volatile.Read(ref _waits);

    public override void WaitUntil(double moment)
    {
        lock (_gate) _now = Math.Max(_now, moment);
        Interlocked.Increment(ref _waits);
        Thread.Yield();
    }
}
