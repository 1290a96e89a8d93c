using System.Diagnostics;
using System.Runtime.InteropServices;
using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Tests;

/// <summary>A tail as its own process, ready when the constructor returns.</summary>
sealed partial class TailProcess : IDisposable
{
    const int Sigterm = 15;

    readonly Process _process;

    public TailProcess(string model, string listen = "127.0.0.1:0")
    {
        _process = EdgemlProcess.Start("tail", "--model", model, "--listen", listen);
        string? line = _process.StandardOutput.ReadLine();
        if (line?.StartsWith("listening ", StringComparison.Ordinal) != true)
            throw new InvalidOperationException($"the tail said '{line}' {_process.StandardError.ReadToEnd()}");
        Address = line["listening ".Length..];
    }

    /// <summary>What it said on stderr; after it has ended.</summary>
    public string ErrorText => _process.StandardError.ReadToEnd();

    /// <summary>HOST:PORT, with the real port.</summary>
    public string Address { get; }

    /// <summary>Ends it without warning, as a power cut would.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Asks it to end.</summary>
    /// <returns>The exit code.</returns>
    public int Terminate(TimeSpan limit)
    {
        if (kill(_process.Id, Sigterm) != 0) throw new InvalidOperationException($"kill failed with {Marshal.GetLastPInvokeError()}");
        if (!_process.WaitForExit(limit)) throw new TimeoutException("the tail did not end");
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited) Kill();
        _process.Dispose();
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int process, int signal);
}
