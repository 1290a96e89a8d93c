using System.Text.Json;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Offload;

namespace EdgeML.Server.Configuration;

/// <summary>A configuration from its file, the environment and options, checked, with the origin of every value.</summary>
/// <param name="Configuration">With all defaults filled in and paths made absolute.</param>
/// <param name="Trace">Where its values come from, and what is wrong with them.</param>
sealed record ServeSettings(ServeConfiguration Configuration, ConfigurationTrace Trace)
{
    /// <summary>Options stand above environment variables, these above the file, and that above the defaults.</summary>
    /// <param name="file">Path of the file; folders in it are relative to its place. Null for none.</param>
    /// <param name="environment">Of the process; folders in variables and options are relative to the working folder.</param>
    /// <param name="takeOptions">Sets what options give.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static ServeSettings Load(
        string? file, IEnumerable<KeyValuePair<string, string>> environment, Action<ServeConfiguration, ConfigurationTrace>? takeOptions = null)
    {
        var trace = new ConfigurationTrace();
        var configuration = new ServeConfiguration();
        if (file is not null)
        {
            configuration = ConfigurationReader.ReadFile(file, File.ReadAllBytes(file), trace);
            MakeAbsolute(configuration, Path.GetDirectoryName(Path.GetFullPath(file))!);
        }
        ConfigurationOverrides.TakeVariables(configuration, environment, trace);
        takeOptions?.Invoke(configuration, trace);
        TakeTrustedKeys(configuration, environment, trace);
        MakeAbsolute(configuration, Environment.CurrentDirectory);
        ServeDefaults.FillIn(configuration);
        new ServeRules(trace).Check(configuration);
        return new ServeSettings(configuration, trace);
    }

    /// <summary>All that is wrong; empty for a configuration that can be used.</summary>
    public IReadOnlyList<ConfigurationProblem> Problems => Trace.Problems;

    /// <summary>Every value with its key and origin, in the order of the keys.</summary>
    public IEnumerable<(string Key, string Value, string Source)> Values()
    {
        using JsonDocument whole = JsonSerializer.SerializeToDocument(Configuration, ServeJson.Default.ServeConfiguration);
        foreach ((string key, string value) in Leaves(whole.RootElement, ""))
            yield return (key, value, Trace.IsGiven(key) ? Trace.SourceOf(key) : "default");
    }

    /// <summary>The keys of which one must have signed a package; null for any package.</summary>
    /// <exception cref="InvalidDataException">A file holds no such key.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="PlatformNotSupportedException">This system lacks OpenSSL.</exception>
    public TrustedKeys? Trusted() =>
        Configuration.TrustedKeys is { } paths ? TrustedKeys.Load(paths) : null;

    /// <summary>The limits on clients.</summary>
    public ProtocolLimits Limits()
    {
        LimitsSection own = Configuration.Limits!;
        return new ProtocolLimits
        {
            MaxConnections = own.MaxConnections!.Value,
            MaxInFlight = own.MaxInFlight!.Value,
            MaxPayloadBytes = own.MaxPayloadBytes!.Value,
            MaxHeaderBytes = own.MaxHeaderBytes!.Value,
            HandshakeDeadline = Milliseconds(own.HandshakeMs),
            IdleDeadline = Milliseconds(own.IdleMs),
            HeaderDeadline = Milliseconds(own.HeaderMs),
            PayloadDeadline = Milliseconds(own.PayloadMs),
            SendDeadline = Milliseconds(own.SendMs),
        };
    }

    /// <summary>The server's options; its address is left to the caller, who resolves names.</summary>
    public TailServerOptions ServerOptions() => new()
    {
        Tls = Configuration.Tls is not { } tls ? null
            : new TlsOptions { CertificatePath = tls.Certificate!, KeyPath = tls.Key!, ClientCaPath = tls.ClientCa },
        Identities = Identities(),
        Limits = Limits(),
        ComputeThreads = Configuration.ComputeThreads!.Value,
        BlockingThreads = Configuration.BlockingThreads!.Value,
        MaxRequests = Configuration.Limits!.MaxRequests!.Value,
        MaxPayloadMemory = Configuration.Limits.PayloadMemory!.Value,
        DrainLimit = Milliseconds(Configuration.DrainMs),
        WarmUp = true,
    };

    /// <summary>Rights by identity; null where every client may use everything.</summary>
    public IReadOnlyDictionary<string, IdentityRule>? Identities() => Configuration.Identities?.ToDictionary(
        each => each.Key, each => new IdentityRule
        {
            Weight = each.Value.Weight!.Value,
            RequestsPerSecond = each.Value.RequestsPerSecond ?? double.PositiveInfinity,
            MaxInFlight = each.Value.MaxInFlight ?? int.MaxValue,
            Models = each.Value.Models ?? [],
        });

    static TimeSpan Milliseconds(int? value) => TimeSpan.FromMilliseconds(value!.Value);

    /// <summary>The variable of every command stands below this one's own.</summary>
    static void TakeTrustedKeys(ServeConfiguration configuration, IEnumerable<KeyValuePair<string, string>> environment, ConfigurationTrace trace)
    {
        const string variable = TrustedKeys.Variable;
        if (configuration.TrustedKeys is not null || trace.IsGiven("trustedKeys")) return;
        string[] paths = TrustedKeys.PathsOf(environment.FirstOrDefault(each => each.Key == variable).Value);
        if (paths.Length == 0) return;
        configuration.TrustedKeys = [.. paths];
        trace.Given("trustedKeys", variable);
        for (int i = 0; i < paths.Length; i++) trace.Given($"trustedKeys[{i}]", variable);
    }

    static void MakeAbsolute(ServeConfiguration configuration, string folder)
    {
        if (configuration.Tls is { } tls)
            (tls.Certificate, tls.Key, tls.ClientCa) = (Absolute(tls.Certificate), Absolute(tls.Key), Absolute(tls.ClientCa));
        for (int i = 0; i < configuration.TrustedKeys?.Count; i++) configuration.TrustedKeys[i] = Absolute(configuration.TrustedKeys[i])!;
        foreach (List<string> folders in configuration.Models?.Values ?? Enumerable.Empty<List<string>>())
            for (int i = 0; i < folders.Count; i++) folders[i] = Absolute(folders[i])!;

        // The rules refuse these.
        string? Absolute(string? path) => string.IsNullOrEmpty(path) || path.Contains('\0', StringComparison.Ordinal) ? path : Path.TrimEndingDirectorySeparator(Path.GetFullPath(path, folder));
    }

    static IEnumerable<(string Key, string Value)> Leaves(JsonElement element, string key) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(each => Leaves(each.Value, key.Length == 0 ? each.Name : $"{key}.{each.Name}")),
        JsonValueKind.Array => element.EnumerateArray().SelectMany((each, i) => Leaves(each, $"{key}[{i}]")),
        JsonValueKind.String => [(key, element.GetString()!)],
        _ => [(key, element.GetRawText())],
    };
}
