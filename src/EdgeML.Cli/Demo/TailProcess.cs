using System.Diagnostics;
using System.Globalization;
using System.Net;
using EdgeML.Cli.CommandLine;
using EdgeML.Simulation.Scenarios;

namespace EdgeML.Cli.Demo;

/// <summary><c>edgeml tail</c> as a process of its own, started from this same executable and ended with it.</summary>
/// <remarks>The tail follows its standard input: lines set its load, and the end of input, for whatever reason, ends it. So none is left
/// behind.</remarks>
sealed class TailProcess : IScenarioTail, IDisposable
{
    static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(60);
    static readonly TimeSpan s_stopLimit = TimeSpan.FromSeconds(4);

    readonly Process _process;
    double _load = 1;

    TailProcess(Process process, IPEndPoint endPoint) => (_process, EndPoint) = (process, endPoint);

    /// <inheritdoc/>
    public IPEndPoint EndPoint { get; }

    /// <summary>Starts a tail and waits until it listens.</summary>
    /// <param name="model">Its package.</param>
    /// <param name="cancellation">Ends it while it starts.</param>
    /// <param name="host">Address it listens on, at a port of the operating system's choice.</param>
    /// <param name="launcher">Words to put before its command line, for a process that starts it elsewhere; null for none.</param>
    /// <param name="backend">Further arguments, which choose what computes; null for none.</param>
    /// <exception cref="InvalidOperationException">It ended or stayed silent; with its own words.</exception>
    public static async Task<TailProcess> StartAsync(
        string model, CancellationToken cancellation, string host = "127.0.0.1", IReadOnlyList<string>? launcher = null,
        IReadOnlyList<string>? backend = null)
    {
        string[] arguments = ["tail", "--model", model, "--listen", $"{host}:0", "--load-from-stdin", .. backend ?? []];
        Process process = Process.Start(Command(launcher ?? [], arguments))
            ?? throw new InvalidOperationException("the tail's process did not start");
        try
        {
            string? complaint = null;
            process.ErrorDataReceived += (_, line) => complaint ??= line.Data;
            process.BeginErrorReadLine();
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(s_startLimit);
            string? first;
            try
            {
                first = await process.StandardOutput.ReadLineAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new InvalidOperationException($"the tail did not listen within {s_startLimit.TotalSeconds:0} s");
            }
            if (first?.Split(' ') is not ["listening", var address] || !IPEndPoint.TryParse(address, out IPEndPoint? endPoint))
            {
                process.WaitForExit(1000);
                throw new InvalidOperationException($"the tail did not start: {complaint ?? first ?? "it ended without a word"}");
            }
            return new TailProcess(process, endPoint);
        }
        catch
        {
            End(process);
            throw;
        }
    }

    /// <inheritdoc/>
    public void SetLoad(double factor)
    {
        if (factor == _load) return;
        _load = factor;
        _process.StandardInput.WriteLine(factor.ToString("0.###", CultureInfo.InvariantCulture));
        _process.StandardInput.Flush();
    }

    /// <summary>Tells it to finish what it computes and end; does not wait.</summary>
    public void Stop() => CloseInput(_process);

    /// <summary>Makes sure that it is gone.</summary>
    public void Dispose() => End(_process);

    static void End(Process process)
    {
        using (process)
        {
            CloseInput(process);
            if (!process.WaitForExit(s_stopLimit)) process.Kill(entireProcessTree: true);
        }
    }

    static void CloseInput(Process process)
    {
        try
        {
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already and its input is a broken pipe.
        }
    }

    static ProcessStartInfo Command(IReadOnlyList<string> launcher, params ReadOnlySpan<string> arguments)
    {
        string host = Environment.ProcessPath ?? "dotnet", assembly = Path.Combine(AppContext.BaseDirectory, "edgeml.dll");
        // A published command is its own executable. Anything else, a test's executable too, runs the command's assembly on dotnet.
        bool ownExecutable = Path.GetFileNameWithoutExtension(host) == "edgeml" || !File.Exists(assembly);
        if (!ownExecutable && Path.GetFileNameWithoutExtension(host) != "dotnet") host = "dotnet";
        var start = new ProcessStartInfo(launcher.Count > 0 ? launcher[0] : host)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string word in launcher.Skip(1)) start.ArgumentList.Add(word);
        if (launcher.Count > 0) start.ArgumentList.Add(host);
        if (!ownExecutable) start.ArgumentList.Add(assembly);
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        return start;
    }
}
