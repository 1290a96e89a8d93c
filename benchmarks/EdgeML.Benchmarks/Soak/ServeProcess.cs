using System.Net;
using System.Text.Json;
using EdgeML.Benchmarks.Subjects;
using EdgeML.Simulation.Processes;

namespace EdgeML.Benchmarks.Soak;

/// <summary><c>edgeml serve</c> as its own process, with a configuration file that changes.</summary>
sealed class ServeProcess : IDisposable
{
    static readonly TimeSpan s_startLimit = TimeSpan.FromMinutes(1), s_stopLimit = TimeSpan.FromSeconds(20);

    readonly string _file;
    readonly BenchmarkCertificates _certificates;
    readonly ChildProcess _process;

    /// <param name="program">Words that start <c>edgeml</c>.</param>
    /// <param name="folder">For the configuration.</param>
    /// <param name="certificates">Of the server and its clients.</param>
    /// <param name="models">Served from the start.</param>
    /// <exception cref="InvalidOperationException">It does not start; with its first complaint.</exception>
    public ServeProcess(IReadOnlyList<string> program, string folder, BenchmarkCertificates certificates, IEnumerable<SoakModel> models)
    {
        (_file, _certificates) = (Path.Combine(folder, "serve.json"), certificates);
        Write(models);
        _process = ChildProcess.Start([.. program, "serve", "--config", _file]);
        const string Listening = "listening ";
        string? line = _process.ReadLine(s_startLimit);
        if (line?.StartsWith(Listening, StringComparison.Ordinal) != true)
            throw new InvalidOperationException($"edgeml serve does not start: {line ?? _process.WaitForEnd(s_stopLimit).Complaint}");
        Port = IPEndPoint.Parse(line[Listening.Length..]).Port;
    }

    public int Port { get; }

    /// <summary>The operating system's number.</summary>
    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Has it serve these models from now on.</summary>
    public void Change(IEnumerable<SoakModel> models)
    {
        Write(models);
        _process.Signal(ProcessSignals.HangUp);
    }

    /// <summary>Asks it to end, and waits for that.</summary>
    public Outcome Terminate()
    {
        _process.Signal(ProcessSignals.Terminate);
        return _process.WaitForEnd(s_stopLimit);
    }

    public void Dispose() => _process.Dispose();

    void Write(IEnumerable<SoakModel> models)
    {
        var configuration = new
        {
            listen = "127.0.0.1:0",
            tls = new { certificate = _certificates.TailCertificate, key = _certificates.TailKey, clientCa = _certificates.CaPath },
            models = models.GroupBy(model => model.Name).ToDictionary(versions => versions.Key, versions => versions.Select(version => version.Package)),
        };
        File.WriteAllText($"{_file}.new", JsonSerializer.Serialize(configuration));
        File.Move($"{_file}.new", _file, overwrite: true);
    }
}
