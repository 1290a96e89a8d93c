using EdgeML.Server.Requests;

namespace EdgeML.Server.Scheduling;

/// <summary>Requests that wait, fair between devices and by deadline within one. Not synchronised.</summary>
/// <remarks>Start-time fair queueing (Goyal, Vin and Cheng, 1996): a device's next request starts, in virtual time, where its last one
/// ended, or now if it had none waiting; the smallest start is served first. A device that asks little is served at once, however much
/// others have waiting.</remarks>
sealed class FairQueue
{
    /// <summary>Devices looked at for companions of a batch: a scan of all would cost more than it finds.</summary>
    const int MostScanned = 64;

    readonly PriorityQueue<DeviceFlow, double> _flows = new();
    readonly List<(DeviceFlow Flow, double Start)> _scanned = [];
    double _virtualMs;
    double _activeWeight;

    public int Count { get; private set; }

    /// <summary>Milliseconds of computing that wait.</summary>
    public double WaitingMs { get; private set; }

    public void Add(TailJob job)
    {
        DeviceFlow flow = job.Client!.Flow;
        if (flow.Jobs.Count == 0)
        {
            flow.CountedWeight = flow.Weight;
            _activeWeight += flow.CountedWeight;
            _flows.Enqueue(flow, Math.Max(_virtualMs, flow.FinishTag));
        }
        flow.Jobs.Enqueue(job, job.DeadlineAt);
        flow.WaitingMs += job.CostMs;
        WaitingMs += job.CostMs;
        Count++;
    }

    /// <summary>Takes the next request and others that can be computed with it; never waits for more.</summary>
    /// <param name="batch">Receives them; empty before.</param>
    public void Take(List<TailJob> batch)
    {
        if (!_flows.TryDequeue(out DeviceFlow? flow, out double start)) return;
        _virtualMs = Math.Max(_virtualMs, start);
        TailJob first = TakeFrom(flow, start);
        batch.Add(first);
        int most = first.Model.BatchFor(first);
        if (most <= 1) return;
        for (int scanned = 0; batch.Count < most && scanned < MostScanned && _flows.TryDequeue(out flow, out start); scanned++)
        {
            if (flow.Jobs.Peek().FitsWith(first)) batch.Add(TakeFrom(flow, start));
            else _scanned.Add((flow, start));
        }
        foreach ((DeviceFlow waiting, double at) in _scanned) _flows.Enqueue(waiting, at);
        _scanned.Clear();
    }

    /// <summary>Milliseconds until a request of a device would start, with one thread: its own that wait, and of every other device as much
    /// as its fair share lets pass meanwhile.</summary>
    public double WaitFor(DeviceFlow flow)
    {
        double others = WaitingMs - flow.WaitingMs;
        double otherWeight = _activeWeight - (flow.Jobs.Count > 0 ? flow.CountedWeight : 0);
        // A device without a request in the queue still waits for the one that starts before it.
        double share = (flow.WaitingMs + (Count > 0 ? WaitingMs / Count : 0)) * otherWeight / flow.Weight;
        return flow.WaitingMs + Math.Min(others, share);
    }

    TailJob TakeFrom(DeviceFlow flow, double start)
    {
        TailJob job = flow.Jobs.Dequeue();
        flow.FinishTag = start + (job.CostMs / flow.Weight);
        Count--;
        flow.WaitingMs = flow.Jobs.Count == 0 ? 0 : flow.WaitingMs - job.CostMs;
        WaitingMs = Count == 0 ? 0 : WaitingMs - job.CostMs;
        if (flow.Jobs.Count > 0) _flows.Enqueue(flow, flow.FinishTag);
        else _activeWeight = Count == 0 ? 0 : _activeWeight - flow.CountedWeight;
        return job;
    }
}
