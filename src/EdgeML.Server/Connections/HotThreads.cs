using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using EdgeML.Native.Telemetry;

namespace EdgeML.Server.Connections;

/// <summary>A few threads that may block, for clients that wait for each answer: a blocked thread sees the next request sooner than an
/// asynchronous one, which costs two more thread changes. Any thread.</summary>
/// <remarks>A connection moves onto a thread by awaiting <see cref="Switch"/> and leaves it at its next wait that is not over at
/// once.</remarks>
sealed class HotThreads(int most, BackgroundFaults faults) : IDisposable
{
    [ThreadStatic]
    static bool t_isHot;

    readonly object _gate = new();
    readonly Queue<Action> _waiting = [];
    readonly List<Thread> _threads = [];
    int _taken;
    bool _stopping;

    /// <summary>Whether this thread is one of them.</summary>
    public static bool IsCurrent => t_isHot;

    /// <summary>Takes a thread, where one is free; <c>await</c> <see cref="Switch"/> follows.</summary>
    public bool TryTake()
    {
        if (Volatile.Read(ref _taken) >= most) return false;
        lock (_gate)
        {
            if (_stopping || _taken >= most) return false;
            _taken++;
            if (_threads.Count >= _taken || TryStart()) return true;
            _taken--;
            return false;
        }
    }

    /// <summary>Continues the caller on the thread that <see cref="TryTake"/> took.</summary>
    public Awaiter Switch() => new(this);

    /// <summary>Starts no more threads.</summary>
    public void Close() => most = 0;

    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.PulseAll(_gate);
        }
        foreach (Thread thread in _threads) thread.Join();
    }

    [SuppressMessage("Design", "CA1031", Justification = "without another thread the client is served asynchronously")]
    bool TryStart()
    {
        var thread = new Thread(Work) { IsBackground = true, Name = $"edgeml tail hot {_threads.Count + 1}" };
        try
        {
            thread.Start();
        }
        catch (Exception e)
        {
            faults.Add("tail hot thread", "its client is served asynchronously", e);
            return false;
        }
        _threads.Add(thread);
        return true;
    }

    void Post(Action continuation)
    {
        lock (_gate)
        {
            _waiting.Enqueue(continuation);
            Monitor.Pulse(_gate);
        }
    }

    void Work()
    {
        t_isHot = true;
        while (true)
        {
            Action work;
            lock (_gate)
            {
                while (_waiting.Count == 0)
                {
                    if (_stopping) return;
                    Monitor.Wait(_gate);
                }
                work = _waiting.Dequeue();
            }
            work();
            lock (_gate) _taken--;
        }
    }

    /// <summary>Hands the rest of an asynchronous method to a thread.</summary>
    public readonly struct Awaiter(HotThreads threads) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => false;

        public Awaiter GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => threads.Post(continuation);

        public void UnsafeOnCompleted(Action continuation) => threads.Post(continuation);
    }
}
