using System.Globalization;
using System.Text.Json;
using EdgeML.Benchmarks.Targets;
using EdgeML.Native.Models.Packages;
using EdgeML.Simulation.Processes;

namespace EdgeML.Benchmarks.TailLoad;

/// <summary>The same layers served by gRPC on Kestrel with ONNX Runtime's C# interface: <c>benchmarks/EdgeML.GrpcBaseline</c>.</summary>
sealed class GrpcSubject : ILoadSubject
{
    static readonly TimeSpan s_stopLimit = TimeSpan.FromSeconds(5), s_answerLimit = TimeSpan.FromMinutes(1);

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeml-grpc-");
    readonly ChildProcess _server;
    readonly ChildProcess _client;

    /// <param name="name">In the heading of its columns.</param>
    /// <param name="package">The network.</param>
    /// <param name="cut">Its first layers run on the devices.</param>
    /// <param name="atOnce">Calls computed at the same time; 0 for as many as come.</param>
    /// <exception cref="FileNotFoundException">It is not built.</exception>
    public GrpcSubject(string name, string package, int cut, int atOnce)
    {
        Name = name;
        using (ModelPackage network = ModelPackage.Open(package))
        {
            File.WriteAllBytes(
                Path.Combine(_folder.FullName, "rest.onnx"),
                network.BuildRange(cut + 1, network.Manifest.Units.Count, exitHead: null, emitBoundary: false, inlineWeights: true).Onnx);
            File.WriteAllBytes(PayloadFile, LoadClient.Payload(network.Manifest, cut));
        }
        _server = ChildProcess.Start(
            [.. Program, "serve", Path.Combine(_folder.FullName, "rest.onnx"), atOnce.ToString(CultureInfo.InvariantCulture)], stopLimit: s_stopLimit);
        string port = _server.ReadLine(s_answerLimit)
            ?? throw new InvalidOperationException($"the gRPC server ended: {_server.WaitForEnd(s_stopLimit).Complaint}");
        // One for all runs, as with the tail: a new process would spend each run compiling its code beside the server.
        _client = ChildProcess.Start(
            [.. Program, "load", port, _server.Id.ToString(CultureInfo.InvariantCulture), PayloadFile], stopLimit: s_stopLimit);
    }

    public string Name { get; }

    public float[] Logits { get; private set; } = [];

    static IReadOnlyList<string> Program
    {
        get
        {
            string assembly = Path.Combine(
                MachineResults.SourceTree(), "benchmarks", "EdgeML.GrpcBaseline", "bin", "Release", "net10.0", "EdgeML.GrpcBaseline.dll");
            return File.Exists(assembly) ? ["dotnet", assembly] : throw new FileNotFoundException($"no {assembly}; dotnet build -c Release makes it");
        }
    }

    string PayloadFile => Path.Combine(_folder.FullName, "payload");

    public LoadResult Drive(int[] inFlight, TimeSpan duration)
    {
        _client.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{string.Join(',', inFlight)} {duration.TotalMilliseconds:0}"));
        string load = _client.ReadLine(duration + s_answerLimit)
            ?? throw new InvalidOperationException($"the gRPC client ended: {_client.WaitForEnd(s_stopLimit).Complaint}");
        Report report = JsonSerializer.Deserialize<Report>(load)!;
        Logits = report.Logits;
        return LoadResult.Of(report.LatenciesMs, report.CallsByDevice, report.Seconds, report.ServerCpuSeconds, refused: 0);
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>As the client prints it.</summary>
    sealed record Report(double[] LatenciesMs, int[] CallsByDevice, double Seconds, double ServerCpuSeconds, float[] Logits);
}
