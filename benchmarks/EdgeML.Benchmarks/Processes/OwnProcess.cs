using System.Diagnostics;
using EdgeML.Cli.CommandLine;

namespace EdgeML.Benchmarks.Processes;

/// <summary>Starts this program once more in another role; it dies with the object.</summary>
sealed class OwnProcess : IDisposable
{
    readonly Process _process;

    public OwnProcess(params ReadOnlySpan<string> arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardInput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(OwnProcess).Assembly.Location);
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
    }

    /// <summary>The next line it prints.</summary>
    /// <exception cref="InvalidOperationException">It ended instead; what it said is on standard error.</exception>
    public string ReadLine()
    {
        if (_process.StandardOutput.ReadLine() is { } line) return line;
        _process.WaitForExit();
        throw new InvalidOperationException(
            $"'{string.Join(' ', _process.StartInfo.ArgumentList)}' ended with exit code {_process.ExitCode}");
    }

    public void Dispose()
    {
        // The roles end at the end of their input; one that hangs is killed.
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5000)) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
