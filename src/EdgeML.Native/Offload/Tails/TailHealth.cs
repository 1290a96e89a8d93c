namespace EdgeML.Native.Offload.Tails;

/// <summary>Ejects a tail that fails often: for a while it gets no tasks, then one on trial. One thread at a time.</summary>
/// <param name="clock">Of the rests.</param>
sealed class TailHealth(TimeProvider clock)
{
    /// <summary>Three failures in a row eject a sound tail, and the first one after a rest ejects it again, for twice as long.</summary>
    const double Weight = 0.25, EjectAbove = 0.5, OnTrial = 0.4;

    /// <summary>Answers in a row after which earlier ejections are forgotten.</summary>
    const int Recovered = 20;

    static readonly TimeSpan s_firstRest = TimeSpan.FromSeconds(1), s_longestRest = TimeSpan.FromSeconds(60);

    double _failing;
    long? _ejectedAt;
    TimeSpan _rest;
    int _answered;

    /// <summary>Whether it rests now.</summary>
    public bool IsEjected => _ejectedAt is { } at && clock.GetElapsedTime(at) < _rest;

    /// <summary>How often it was ejected.</summary>
    public long Ejections { get; private set; }

    /// <summary>It has answered a task.</summary>
    public void Answered()
    {
        _failing -= Weight * _failing;
        if (++_answered >= Recovered) _rest = TimeSpan.Zero;
    }

    /// <summary>It has not answered a task in time, or wrongly.</summary>
    public void Failed()
    {
        _answered = 0;
        if (IsEjected) return;
        _failing += Weight * (1 - _failing);
        if (_failing <= EjectAbove) return;
        TimeSpan next = 2 * _rest;
        _rest = next < s_firstRest ? s_firstRest : next > s_longestRest ? s_longestRest : next;
        (_ejectedAt, _failing) = (clock.GetTimestamp(), OnTrial);
        Ejections++;
    }
}
