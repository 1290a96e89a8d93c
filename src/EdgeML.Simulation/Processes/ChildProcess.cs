using System.Diagnostics;

namespace EdgeML.Simulation.Processes;

/// <summary>A program in its own process, with input, output and errors in pipes; disposing it leaves nothing of it behind.</summary>
/// <remarks>Errors are read as they come. Output is read when it is asked for: line by line, and the rest at the end. One thread at a
/// time.</remarks>
sealed class ChildProcess : IDisposable
{
    /// <summary>Pipes of an ended process hold little, unless another process has inherited them.</summary>
    static readonly TimeSpan s_pipeLimit = TimeSpan.FromSeconds(1);

    readonly Process _process;
    readonly TimeSpan _stopLimit;
    readonly Task<string> _error;
    Task<string>? _rest;

    ChildProcess(ProcessStartInfo start, TimeSpan stopLimit)
    {
        _stopLimit = stopLimit;
        _process = Process.Start(start)!;
        _error = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>The operating system's number.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Starts a program.</summary>
    /// <param name="command">The program, then its arguments.</param>
    /// <param name="environment">Variables to set in addition to this process's; null for none.</param>
    /// <param name="folder">Where it runs; null for here.</param>
    /// <param name="stopLimit">How long it has to end by itself once its input is closed, for one that follows its input; without, it is
    /// killed at once.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">There is no such program.</exception>
    public static ChildProcess Start(IReadOnlyList<string> command, IReadOnlyDictionary<string, string>? environment = null,
        string? folder = null, TimeSpan stopLimit = default)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return new ChildProcess(start, stopLimit);
    }

    /// <summary>Runs a program without input to its end; kills it where it takes too long.</summary>
    /// <param name="command">The program, then its arguments.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="environment">Variables to set in addition to this process's; null for none.</param>
    /// <param name="folder">Where it runs; null for here.</param>
    /// <exception cref="TimeoutException">It took longer.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">There is no such program.</exception>
    public static Outcome Run(IReadOnlyList<string> command, TimeSpan limit, IReadOnlyDictionary<string, string>? environment = null,
        string? folder = null)
    {
        using ChildProcess child = Start(command, environment, folder);
        child.CloseInput();
        return child.WaitForEnd(limit);
    }

    /// <summary>The words that start a program of this process's folder: its executable where this process is one, else its assembly on
    /// dotnet.</summary>
    /// <param name="name">Of the program, without an extension.</param>
    public static IReadOnlyList<string> ProgramHere(string name)
    {
        string host = Environment.ProcessPath ?? "dotnet", assembly = Path.Combine(AppContext.BaseDirectory, $"{name}.dll");
        string running = Path.GetFileNameWithoutExtension(host);
        if (running == name || !File.Exists(assembly)) return [host];
        // Another executable, a test's for example, cannot run it.
        return [running == "dotnet" ? host : "dotnet", assembly];
    }

    /// <summary>The next line it prints; null once it has closed its output.</summary>
    /// <param name="limit">How long to wait for it.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="TimeoutException">There was none.</exception>
    public async Task<string?> ReadLineAsync(TimeSpan limit, CancellationToken cancellation = default)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        end.CancelAfter(limit);
        try
        {
            return await _process.StandardOutput.ReadLineAsync(end.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"{Name} printed nothing for {limit.TotalSeconds:0} s");
        }
    }

    /// <inheritdoc cref="ReadLineAsync"/>
    public string? ReadLine(TimeSpan limit) => ReadLineAsync(limit).GetAwaiter().GetResult();

    /// <summary>Writes a line to its input.</summary>
    /// <exception cref="IOException">It has ended.</exception>
    public void WriteLine(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>Ends its input, which tells one that follows it to end; does not wait.</summary>
    public void CloseInput()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already and its input is a broken pipe.
        }
    }

    /// <summary>Reads its output until it has ended.</summary>
    /// <exception cref="TimeoutException">It has not; it continues until it is stopped.</exception>
    public Outcome WaitForEnd(TimeSpan limit)
    {
        if (!Task.WaitAll([Rest(), _error, _process.WaitForExitAsync()], limit))
            throw new TimeoutException($"{Name} took longer than {limit.TotalSeconds:0} s");
        return Left();
    }

    /// <summary>Makes sure that it is gone: ends its input, waits as long as it was given for that, then kills it and all that it
    /// started.</summary>
    public Outcome Stop()
    {
        CloseInput();
        Task<string> rest = Rest();
        if (!_process.WaitForExit(_stopLimit)) Kill();
        Task.WaitAll([rest, _error], s_pipeLimit);
        return Left();
    }

    /// <summary>Ends it and all that it started without warning, as a power cut would.</summary>
    public void Kill()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
    }

    /// <summary>Makes sure that it is gone.</summary>
    public void Dispose()
    {
        Stop();
        _process.Dispose();
    }

    string Name => $"'{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)}'";

    Task<string> Rest() => _rest ??= _process.StandardOutput.ReadToEndAsync();

    Outcome Left() => new(_process.ExitCode, Text(Rest()), Text(_error));

    static string Text(Task<string> read) => read.IsCompletedSuccessfully ? read.Result : "";
}
