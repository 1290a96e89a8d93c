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
    long _taken;

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
    /// <returns>Whether a frame is dropped: the one that waited, or after a stop this one.</returns>
    public bool Publish(FrameBuffer buffer)
    {
        lock (_gate)
        {
            if (_isStopped) return true;
            FrameBuffer? older = null;
            if (_newestWins && _waiting.TryDequeue(out older)) _free.Push(older);
            _waiting.Enqueue(buffer);
            Monitor.PulseAll(_gate);
            return older is not null;
        }
    }

    /// <summary>Waits for a frame, whose <see cref="FrameBuffer.Turn"/> is set.</summary>
    /// <returns>Null after the last one, and after a stop.</returns>
    public FrameBuffer? Take()
    {
        lock (_gate)
        {
            while (!_isStopped)
            {
                if (_waiting.TryDequeue(out FrameBuffer? buffer))
                {
                    buffer.Turn = _taken++;
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
            _free.Push(buffer);
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
}
