namespace EdgeML.Cli.Tests.Observing;

/// <summary>A tail as its own process, with its pages where it has some.</summary>
sealed class ObservedTail : IDisposable
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    readonly ChildProcess _process;

    public ObservedTail(string model, params string[] options)
        : this(["tail", "--model", model, "--listen", "127.0.0.1:0", .. options], options.Contains("--http"))
    {
    }

    ObservedTail(string[] command, bool hasPages)
    {
        _process = EdgemlProcess.Start(command);
        try
        {
            Address = Line("listening ");
            if (hasPages) Pages = new Uri(Line("pages "));
        }
        catch
        {
            _process.Dispose();
            throw;
        }
    }

    /// <summary>The same by a configuration that has pages.</summary>
    public static ObservedTail Serve(string configuration) => new(["serve", "--config", configuration], true);

    public int Id => _process.Id;

    public string Address { get; }

    public Uri? Pages { get; }

    public Outcome Terminate()
    {
        _process.Send(Signals.Terminate);
        return _process.WaitForEnd(s_limit);
    }

    public void Dispose() => _process.Dispose();

    string Line(string word) => _process.ReadLine(s_limit) is { } line && line.StartsWith(word, StringComparison.Ordinal) ? line[word.Length..]
        : throw new InvalidOperationException(_process.WaitForEnd(s_limit).Error);
}
