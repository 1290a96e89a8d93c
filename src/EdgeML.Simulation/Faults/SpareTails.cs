using System.Net;
using EdgeML.Simulation.Links;
using EdgeML.Simulation.Processes;

namespace EdgeML.Simulation.Faults;

/// <summary>A tail in its own process that can be killed and stopped, and the next one that is started meanwhile.</summary>
/// <remarks>All methods may be called from any thread.</remarks>
sealed class SpareTails : IDisposable
{
    static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(60);

    readonly IReadOnlyList<string> _command;
    readonly Lock _gate = new();
    readonly List<Timer> _continuing = [];
    volatile Tail _running;
    Task<Tail> _next;
    bool _disposed;

    /// <summary>Starts both; the first one listens when the constructor returns.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <exception cref="InvalidOperationException">It does not start; with its first complaint.</exception>
    public SpareTails(IReadOnlyList<string> command)
    {
        _command = command;
        _running = Start();
        _next = Task.Run(Start);
    }

    /// <summary>Where the one in use listens.</summary>
    public IPEndPoint EndPoint => _running.EndPoint;

    /// <summary>Tails that ended without being killed, one line each.</summary>
    public List<string> Deaths { get; } = [];

    /// <summary>Does a fault that strikes a tail.</summary>
    public void Strike(LinkFault fault)
    {
        if (fault.Kind == LinkFaultKind.Kill) Kill();
        else Pause(fault.Milliseconds);
    }

    /// <summary>Kills the one in use and turns to the next one, which is waited for.</summary>
    public void Kill()
    {
        lock (_gate)
        {
            if (_disposed) return;
            NoteDeath(_running);
            _running.Process.Kill();
            _running.Process.Dispose();
            _running = _next.GetAwaiter().GetResult();
            _next = Task.Run(Start);
        }
    }

    /// <summary>Stops the one in use for a while; it keeps its connections and answers none.</summary>
    public void Pause(double milliseconds)
    {
        lock (_gate)
        {
            if (_disposed) return;
            Tail paused = _running;
            paused.Process.Signal(ProcessSignals.Stop);
            _continuing.Add(new Timer(_ => Continue(paused), null, (long)milliseconds, Timeout.Infinite));
        }
    }

    /// <summary>Lets the one in use continue now, if it is stopped.</summary>
    public void Settle()
    {
        lock (_gate)
        {
            foreach (Timer timer in _continuing) timer.Dispose();
            _continuing.Clear();
        }
        Continue(_running);
    }

    /// <summary>Ends both.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            foreach (Timer timer in _continuing) timer.Dispose();
            NoteDeath(_running);
            _running.Process.Dispose();
        }
        _next.GetAwaiter().GetResult().Process.Dispose();
    }

    void Continue(Tail paused)
    {
        lock (_gate)
        {
            // The number of a process that was killed meanwhile may be another's.
            if (!_disposed && _running == paused) paused.Process.Signal(ProcessSignals.Continue);
        }
    }

    void NoteDeath(Tail tail)
    {
        if (tail.Process.HasExited) Deaths.Add(tail.Process.WaitForEnd(s_startLimit).Complaint);
    }

    Tail Start()
    {
        ChildProcess process = ChildProcess.Start(_command);
        try
        {
            const string Listening = "listening ";
            string? line = process.ReadLine(s_startLimit);
            if (line?.StartsWith(Listening, StringComparison.Ordinal) != true)
                throw new InvalidOperationException($"the tail does not start: {line ?? process.WaitForEnd(s_startLimit).Complaint}");
            return new Tail(process, IPEndPoint.Parse(line[Listening.Length..]));
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    sealed record Tail(ChildProcess Process, IPEndPoint EndPoint);
}
