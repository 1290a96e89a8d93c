using System.Text.Json.Serialization;

namespace EdgeML.Server.Configuration;

/// <summary>The configuration of <c>edgeml serve</c>, key by key as in its file. A key that is absent is null until
/// <see cref="ServeDefaults"/> fills it in.</summary>
/// <remarks>A new key is a property here. Reading, environment variables, the origin of every value and the print-out follow from it;
/// <see cref="ServeRules"/> checks its value.</remarks>
sealed class ServeConfiguration
{
    /// <summary>HOST:PORT to serve on; port 0 takes a free one.</summary>
    public string? Listen { get; set; }

    public TlsSection? Tls { get; set; }

    /// <summary>Whether a network may be served without encryption.</summary>
    public bool? Insecure { get; set; }

    /// <summary>Folders of packages by the model's name: one, or several versions side by side.</summary>
    public Dictionary<string, List<string>>? Models { get; set; }

    /// <summary>Public keys of which one must have signed a package; absent for any package.</summary>
    public List<string>? TrustedKeys { get; set; }

    /// <summary>Rights by the name in a client's certificate; "*" is every other one.</summary>
    public Dictionary<string, IdentitySection>? Identities { get; set; }

    /// <summary>Inference library: onnxruntime, tensorrt, cuda or tensorrt-ep.</summary>
    public string? Backend { get; set; }

    /// <summary>Threads that compute one request.</summary>
    public int? Threads { get; set; }

    /// <summary>Cores to compute on, such as 2,3 or 2-5; absent for no choice.</summary>
    public string? Cores { get; set; }

    /// <summary>Real-time priority while computing; absent for none.</summary>
    public int? RealTime { get; set; }

    /// <summary>Threads of single models by their names: own ones, where a model is named here.</summary>
    public Dictionary<string, ComputeSection>? Compute { get; set; }

    /// <summary>Runs computed at the same time.</summary>
    public int? ComputeThreads { get; set; }

    /// <summary>Threads that may block for clients that wait for each answer.</summary>
    public int? BlockingThreads { get; set; }

    /// <summary>Most requests that are computed together.</summary>
    public int? MaxBatch { get; set; }

    /// <summary>How long a stop, or a model that goes, waits for requests on the tail, milliseconds.</summary>
    public int? DrainMs { get; set; }

    /// <summary>How often the file and the packages are looked at for changes, seconds; 0 for never.</summary>
    public double? WatchSeconds { get; set; }

    public LimitsSection? Limits { get; set; }

    public HttpSection? Http { get; set; }

    public LogSection? Log { get; set; }

    public OtlpSection? Otlp { get; set; }
}

/// <summary>Certificates; PEM files.</summary>
sealed class TlsSection
{
    public string? Certificate { get; set; }

    public string? Key { get; set; }

    /// <summary>Authorities of clients' certificates; then every client needs one.</summary>
    public string? ClientCa { get; set; }
}

/// <summary>The rights of one identity.</summary>
sealed class IdentitySection
{
    /// <summary>Share of the server beside other identities.</summary>
    public double? Weight { get; set; }

    /// <summary>Absent for no limit.</summary>
    public double? RequestsPerSecond { get; set; }

    /// <summary>Absent for no limit.</summary>
    public int? MaxInFlight { get; set; }

    /// <summary>Names of models; absent for all.</summary>
    public List<string>? Models { get; set; }
}

/// <summary>The threads of one model; what is absent is as for all models.</summary>
sealed class ComputeSection
{
    public int? Threads { get; set; }

    public string? Cores { get; set; }

    public int? RealTime { get; set; }
}

/// <summary>Limits on clients.</summary>
sealed class LimitsSection
{
    public int? MaxConnections { get; set; }

    /// <summary>Requests one connection may have unanswered.</summary>
    public int? MaxInFlight { get; set; }

    /// <summary>Requests received, waiting or computed, over all connections.</summary>
    public int? MaxRequests { get; set; }

    public int? MaxPayloadBytes { get; set; }

    public int? MaxHeaderBytes { get; set; }

    /// <summary>Bytes of memory for payloads, over all connections and models.</summary>
    public long? PayloadMemory { get; set; }

    public int? HandshakeMs { get; set; }

    public int? IdleMs { get; set; }

    public int? HeaderMs { get; set; }

    public int? PayloadMs { get; set; }

    public int? SendMs { get; set; }
}

/// <summary>The keys of a configuration, without reflection.</summary>
[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ServeConfiguration))]
sealed partial class ServeJson : JsonSerializerContext;
