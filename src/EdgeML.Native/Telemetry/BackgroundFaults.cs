using System.Diagnostics.CodeAnalysis;

namespace EdgeML.Native.Telemetry;

/// <summary>Faults of a background thread, kept for the user: an exception that leaves a thread would end the process, so every such
/// thread catches it, records it here and leaves its work to a slower path. Any thread.</summary>
sealed class BackgroundFaults
{
    /// <summary>Texts kept; further faults are only counted.</summary>
    const int MostTexts = 8;

    readonly Lock _gate = new();
    readonly List<string> _texts = [];
    long _count;

    /// <summary>Faults so far.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>Called with the line of every fault, on the thread that has it; may be null.</summary>
    public Action<string>? OnFault { get; set; }

    /// <summary>The first texts, one line each.</summary>
    public string[] Texts
    {
        get
        {
            lock (_gate) return [.. _texts];
        }
    }

    /// <summary>Records a fault and counts it on the meter.</summary>
    /// <param name="thread">Short name of the work, for instance "fusion".</param>
    /// <param name="consequence">The program's reaction.</param>
    /// <param name="error">The exception.</param>
    [SuppressMessage("Design", "CA1031", Justification = "runs inside catch-all handlers and must not throw")]
    public void Add(string thread, string consequence, Exception error)
    {
        Interlocked.Increment(ref _count);
        string cause = error.Message.ReplaceLineEndings(" ");
        string text = $"{thread}: {consequence} ({error.GetType().Name}: {cause})";
        lock (_gate)
        {
            if (_texts.Count < MostTexts) _texts.Add(text);
        }
        try
        {
            EdgeMetrics.RecordFault(thread);
            OnFault?.Invoke(text);
        }
        catch
        {
            // A listener that throws must not end the thread after all.
        }
    }
}
