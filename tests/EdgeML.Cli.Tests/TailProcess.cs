namespace EdgeML.Cli.Tests;

/// <summary>A tail as its own process, ready when the constructor returns.</summary>
sealed class TailProcess : IDisposable
{
    static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(60);

    readonly ChildProcess _process;

    public TailProcess(string model, string listen = "127.0.0.1:0", IReadOnlyList<string>? more = null)
    {
        _process = EdgemlProcess.Start(["tail", "--model", model, "--listen", listen, .. more ?? []]);
        try
        {
            string? line = _process.ReadLine(s_startLimit);
            if (line?.StartsWith("listening ", StringComparison.Ordinal) != true)
                throw new InvalidOperationException($"the tail said '{line}' {_process.WaitForEnd(s_startLimit).Error}");
            Address = line["listening ".Length..];
        }
        catch
        {
            _process.Dispose();
            throw;
        }
    }

    /// <summary>HOST:PORT, with the real port.</summary>
    public string Address { get; }

    /// <summary>Ends it without warning, as a power cut would.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Asks it to end.</summary>
    public Outcome Terminate(TimeSpan limit)
    {
        _process.Send(Signals.Terminate);
        return _process.WaitForEnd(limit);
    }

    public void Dispose() => _process.Dispose();
}
