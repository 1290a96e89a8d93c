namespace EdgeML.Simulation.Links;

/// <summary>When bytes that enter a link leave it, in the trace's own time: one after the other, each as long as the rate makes it. Any
/// thread.</summary>
/// <remarks>No clock inside: a test drives it through an hour of outages in a millisecond.</remarks>
sealed class LinkPacer(LinkTrace trace)
{
    LinkTrace _trace = trace;
    readonly object _gate = new();
    double _freeAt;

    /// <summary>When the last byte that entered so far will have left, seconds.</summary>
    public double FreeAt
    {
        get
        {
            lock (_gate) return _freeAt;
        }
    }

    /// <summary>Lets bytes enter.</summary>
    /// <param name="now">Second on the trace's clock.</param>
    /// <param name="bytes">Their number.</param>
    /// <returns>The second in which the last of them has left; infinite when the link stays dead.</returns>
    public double Enter(double now, int bytes)
    {
        lock (_gate)
        {
            double start = Math.Max(now, _freeAt);
            return _freeAt = start + _trace.SecondsToSend(start, bytes * 8.0);
        }
    }

    /// <summary>Continues under another trace; bytes that entered before leave as scheduled.</summary>
    public void Use(LinkTrace trace)
    {
        lock (_gate) _trace = trace;
    }

    /// <summary>Starts again at second 0 of a trace.</summary>
    public void Restart(LinkTrace trace)
    {
        lock (_gate) (_trace, _freeAt) = (trace, 0);
    }
}
