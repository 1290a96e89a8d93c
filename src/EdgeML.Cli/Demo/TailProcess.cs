using System.Globalization;
using System.Net;
using EdgeML.Simulation.Processes;
using EdgeML.Simulation.Scenarios;

namespace EdgeML.Cli.Demo;

/// <summary><c>edgeml tail</c> as a separate process, started from this same executable and ended with it.</summary>
/// <remarks>The tail follows its standard input: lines set its load, and the end of input, for whatever reason, ends it. So none is left
/// behind.</remarks>
sealed class TailProcess : IScenarioTail, IDisposable
{
    static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(60);
    static readonly TimeSpan s_stopLimit = TimeSpan.FromSeconds(4);

    readonly ChildProcess _process;
    double _load = 1;

    TailProcess(ChildProcess process, IPEndPoint endPoint) => (_process, EndPoint) = (process, endPoint);

    /// <inheritdoc/>
    public IPEndPoint EndPoint { get; }

    /// <summary>Starts a tail and waits until it listens.</summary>
    /// <param name="model">Its package.</param>
    /// <param name="cancellation">Ends it while it starts.</param>
    /// <param name="host">Address it listens on, at a port of the operating system's choice.</param>
    /// <param name="launcher">Words to put before its command line, for a process that starts it elsewhere; null for none.</param>
    /// <param name="backend">Further arguments, which choose the inference library; null for none.</param>
    /// <exception cref="InvalidOperationException">It ended or stayed silent; with its own words.</exception>
    public static async Task<TailProcess> StartAsync(
        string model, CancellationToken cancellation, string host = "127.0.0.1", IReadOnlyList<string>? launcher = null,
        IReadOnlyList<string>? backend = null)
    {
        string[] arguments = ["tail", "--model", model, "--listen", $"{host}:0", "--load-from-stdin", "--insecure", .. backend ?? []];
        var process = ChildProcess.Start([.. launcher ?? [], .. ChildProcess.ProgramHere("edgeml"), .. arguments], stopLimit: s_stopLimit);
        try
        {
            return new TailProcess(process, await ListeningAsync(process, s_startLimit, cancellation).ConfigureAwait(false));
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    /// <summary>Waits until a process that runs <c>edgeml tail</c> says where it listens.</summary>
    /// <exception cref="InvalidOperationException">It ended or stayed silent; with its own words.</exception>
    public static async Task<IPEndPoint> ListeningAsync(ChildProcess tail, TimeSpan limit, CancellationToken cancellation = default)
    {
        string? first;
        try
        {
            first = await tail.ReadLineAsync(limit, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException($"the tail did not listen within {limit.TotalSeconds:0} s");
        }
        if (first?.Split(' ') is ["listening", var address] && IPEndPoint.TryParse(address, out IPEndPoint? endPoint)) return endPoint;
        throw new InvalidOperationException($"the tail did not start: {first ?? tail.WaitForEnd(limit).Complaint}");
    }

    /// <inheritdoc/>
    public void SetLoad(double factor)
    {
        if (factor == _load) return;
        _load = factor;
        _process.WriteLine(factor.ToString("0.###", CultureInfo.InvariantCulture));
    }

    /// <summary>Tells it to finish running requests and end; does not wait.</summary>
    public void Stop() => _process.CloseInput();

    /// <summary>Makes sure that it is gone.</summary>
    public void Dispose() => _process.Dispose();
}
