using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Faults;

namespace EdgeML.Benchmarks.Soak;

/// <summary>A device that gets a picture at regular times, on its own thread, and answers it with the help of the tail.</summary>
sealed class SoakDevice : IDisposable
{
    const double DeadlineMs = 250;

    static readonly TimeSpan s_connectLimit = TimeSpan.FromMinutes(1);

    readonly int _port;
    readonly TailTlsOptions _tls;
    readonly Random _random;
    readonly Lock _gate = new();
    readonly Thread _thread;
    Use _use;
    Use? _next;
    FaultTally _tally = new();
    volatile bool _stopping;

    /// <param name="model">Its model at first.</param>
    /// <param name="port">Of the server.</param>
    /// <param name="tls">With its certificate.</param>
    /// <param name="perSecond">Pictures.</param>
    /// <param name="seed">Of pictures and policies.</param>
    /// <exception cref="InvalidOperationException">The server does not serve it.</exception>
    public SoakDevice(SoakModel model, int port, TailTlsOptions tls, double perSecond, int seed)
    {
        (_port, _tls, _random) = (port, tls, new Random(seed));
        _use = Connect(model);
        _thread = new Thread(() => Run(perSecond)) { IsBackground = true, Name = $"soak device {seed}" };
        _thread.Start();
    }

    /// <summary>Moves to another version, while pictures still go to the one before; returns when they go to the new one.</summary>
    /// <exception cref="InvalidOperationException">The server does not serve it, or the device is stuck in a task.</exception>
    public void MoveTo(SoakModel model)
    {
        Use use = Connect(model);
        lock (_gate) _next = use;
        if (!SpinWait.SpinUntil(() => Volatile.Read(ref _next) is null, s_connectLimit))
            throw new InvalidOperationException($"a device did not move to {model.Package} within {s_connectLimit.TotalSeconds:0} s");
    }

    /// <summary>The tasks since the last call.</summary>
    public FaultTally Take()
    {
        lock (_gate)
        {
            FaultTally taken = _tally;
            _tally = new FaultTally();
            return taken;
        }
    }

    public void Dispose()
    {
        _stopping = true;
        _thread.Join();
        _use.Session.Dispose();
        _next?.Session.Dispose();
    }

    [SuppressMessage("Design", "CA1031", Justification = "a task that throws is counted as lost, whatever it throws")]
    void Run(double perSecond)
    {
        long start = Stopwatch.GetTimestamp();
        for (long i = 1; !_stopping; i++)
        {
            TimeSpan due = TimeSpan.FromSeconds(i / perSecond) - Stopwatch.GetElapsedTime(start);
            if (due > TimeSpan.Zero) Thread.Sleep(due);
            Turn();
            ExitPolicy policy = _use.Policies[_random.Next(_use.Policies.Length)];
            int picture = _random.Next(_use.Model.Answers.Count);
            lock (_gate) _tally.Begun++;
            try
            {
                _use.Session.Policy = policy;
                TaskResult result = _use.Session.Run(_use.Model.Answers.Picture(picture));
                lock (_gate)
                {
                    _tally.Count(result);
                    if (_use.Model.Answers.Fault(picture, policy, result) is { } fault)
                        _tally.Complain($"{_use.Model.Name}, picture {picture}, cut {policy.Cut}, {result.Where}: {fault}");
                }
            }
            catch (Exception e)
            {
                lock (_gate) _tally.Complain($"a task was lost: {e.Message}");
            }
        }
    }

    void Turn()
    {
        Use? before = null;
        lock (_gate)
        {
            if (_next is not { } next) return;
            (before, _use) = (_use, next);
            Volatile.Write(ref _next, null);
        }
        before.Session.Dispose();
    }

    Use Connect(SoakModel model)
    {
        var session = new EdgeSession(model.Model, new EdgeSessionOptions
        {
            DeadlineMs = DeadlineMs,
            ConnectWait = s_connectLimit,
            Tail = new TailClientOptions { Host = "127.0.0.1", Port = _port, Tls = _tls },
        });
        if (session.Link.Up) return new Use(model, session, [.. FaultyDevice.Policies(model.Model.Manifest)]);
        string status = session.TailStatus.ToString();
        session.Dispose();
        throw new InvalidOperationException($"the server does not serve {model.Name} of {model.Package}: {status}");
    }

    /// <summary>A version in use.</summary>
    sealed record Use(SoakModel Model, EdgeSession Session, ExitPolicy[] Policies);
}
