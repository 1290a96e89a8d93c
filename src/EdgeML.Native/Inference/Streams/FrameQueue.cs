using System.Diagnostics.CodeAnalysis;

namespace EdgeML.Native.Inference.Streams;

/// <summary>Frames on their way from the reading thread to the workers, in a fixed number of buffers. Any thread.</summary>
sealed class FrameQueue
{
    readonly object _gate = new();
    readonly Stack<FrameBuffer> _free = [];
    readonly Queue<FrameBuffer> _waiting = [];
    readonly bool _newestWins;
    bool _isComplete, _isStopped;

    /// <param name="options">Checked.</param>
    public FrameQueue(FrameRunnerOptions options)
    {
        _newestWins = options.Selection == FrameSelection.Newest;
        // One is being read, and every worker has one.
        int buffers = (_newestWins ? 1 : options.QueueLength) + 1 + options.Workers;
        for (int i = 0; i < buffers; i++) _free.Push(new FrameBuffer());
    }

    /// <summary>Waits for memory for the next frame.</summary>
    /// <returns>False after a stop.</returns>
    public bool TryRent([NotNullWhen(true)] out FrameBuffer? buffer)
    {
        lock (_gate)
        {
            while (!_isStopped)
            {
                if (_free.TryPop(out buffer)) return true;
                Monitor.Wait(_gate);
            }
        }
        buffer = null;
        return false;
    }

    /// <summary>Hands a frame to the workers.</summary>
    /// <returns>Whether it replaced one that waited.</returns>
    public bool Publish(FrameBuffer buffer)
    {
        lock (_gate)
        {
            bool replaces = _newestWins && _waiting.TryDequeue(out FrameBuffer? older) && Free(older);
            _waiting.Enqueue(buffer);
            Monitor.PulseAll(_gate);
            return replaces;
        }
    }

    /// <summary>Waits for a frame. The order of calls is the order of frames.</summary>
    /// <param name="taken">Called with the frame before another worker can take one.</param>
    /// <returns>Null after the last one, and after a stop.</returns>
    public FrameBuffer? Take(Action<FrameBuffer> taken)
    {
        lock (_gate)
        {
            while (!_isStopped)
            {
                if (_waiting.TryDequeue(out FrameBuffer? buffer))
                {
                    taken(buffer);
                    Monitor.PulseAll(_gate);
                    return buffer;
                }
                if (_isComplete) return null;
                Monitor.Wait(_gate);
            }
        }
        return null;
    }

    /// <summary>Takes the memory of a frame back.</summary>
    public void Return(FrameBuffer buffer)
    {
        lock (_gate)
        {
            Free(buffer);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>No frame follows.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            _isComplete = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Ends all waits.</summary>
    /// <returns>Frames that were left.</returns>
    public int Stop()
    {
        lock (_gate)
        {
            _isStopped = true;
            Monitor.PulseAll(_gate);
            int left = _waiting.Count;
            _waiting.Clear();
            return left;
        }
    }

    bool Free(FrameBuffer buffer)
    {
        _free.Push(buffer);
        return true;
    }
}
