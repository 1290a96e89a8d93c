using System.Globalization;
using System.Numerics;
using EdgeML.Native;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Offload.Wire;

namespace EdgeML.Server.Configuration;

/// <summary>The values that keys may have, by themselves and together. Files and folders are looked at when they are
/// used.</summary>
/// <param name="trace">Receives what is wrong.</param>
sealed class ServeRules(ConfigurationTrace trace)
{
    /// <summary>Most requests that are computed together.</summary>
    public const int MostTogether = 64;

    /// <summary>The reason why a network is not served without encryption.</summary>
    public const string Exposed = "which can be reached over a network, and nothing encrypts it: give tls.certificate and tls.key, or \"insecure\": true where the network is trusted";

    /// <summary>The most that a wait takes, milliseconds.</summary>
    const int Longest = int.MaxValue;

    /// <summary>Checks a configuration with all its defaults.</summary>
    public void Check(ServeConfiguration configuration)
    {
        Listen(configuration);
        Tls(configuration.Tls);
        Models(configuration.Models!);
        if (configuration.TrustedKeys is { Count: 0 } || configuration.TrustedKeys?.Contains("") == true)
            trace.Refuse("trustedKeys", "trustedKeys names no file: name public keys, or leave the key out for any package");
        Identities(configuration);
        OneOf("backend", configuration.Backend!, [.. BackendNames.All]);
        new ComputeRules(this, trace).Check(configuration);
        Within("computeThreads", configuration.ComputeThreads!.Value, 1, OptionRule.MostThreads);
        Within("blockingThreads", configuration.BlockingThreads!.Value, 0, OptionRule.MostThreads);
        Within("maxBatch", configuration.MaxBatch!.Value, 1, MostTogether);
        Within("drainMs", configuration.DrainMs!.Value, 0, Longest);
        Within("watchSeconds", configuration.WatchSeconds!.Value, 0, 86_400);
        Limits(configuration.Limits!);
        new ObservingRules(this, trace).Check(configuration);
    }

    void Listen(ServeConfiguration configuration)
    {
        string written = configuration.Listen!;
        if (ListenAddress.TryParse(written, out ListenAddress address) is { } wrong) Refuse("listen", Quoted(written), wrong);
        else if (address.IsExposed == true && configuration.Tls is null && configuration.Insecure != true)
            trace.Refuse("listen", $"listen is {address}, {Exposed}");
    }

    void Tls(TlsSection? tls)
    {
        if (tls is null) return;
        if (string.IsNullOrEmpty(tls.Certificate)) Missing("tls.certificate", "the server's certificate, a PEM file");
        if (string.IsNullOrEmpty(tls.Key)) Missing("tls.key", "the certificate's private key, a PEM file");
        Place("tls.certificate", tls.Certificate);
        Place("tls.key", tls.Key);
        Place("tls.clientCa", tls.ClientCa);
    }

    void Models(Dictionary<string, List<string>> models)
    {
        // A section that could not be read is not missing.
        if (models.Count == 0 && !trace.IsGiven("models"))
            trace.Refuse("models", "models is missing: give at least one name with the folder of its package");
        var names = new Dictionary<string, string>();
        foreach ((string name, List<string> folders) in models)
        {
            string key = $"models.{name}";
            if (name.Length == 0) trace.Refuse(key, "a model's name is empty");
            if (folders.Count == 0 && !trace.IsGiven($"{key}[0]")) trace.Refuse(key, $"{Printable.Text(key)} is empty: give the folder of a package");
            for (int i = 0; i < folders.Count; i++)
            {
                if (folders[i].Length == 0) trace.Refuse($"{key}[{i}]", $"{Printable.Text(key)} names a folder of no characters");
                else if (!Place($"{key}[{i}]", folders[i])) continue;
                else if (!names.TryAdd(folders[i], key))
                    trace.Refuse($"{key}[{i}]", $"{Printable.Text(key)} names folder {Printable.Text(folders[i])}, which {Printable.Text(names[folders[i]])} names already");
            }
        }
    }

    void Identities(ServeConfiguration configuration)
    {
        foreach ((string name, IdentitySection identity) in configuration.Identities ?? [])
        {
            string key = $"identities.{name}";
            if (name != IdentityRule.Others && configuration.Tls?.ClientCa is null)
                trace.Refuse("identities", $"identity {Printable.Text(name)} needs tls.clientCa: an identity is the name in a client's certificate");
            Positive($"{key}.weight", identity.Weight!.Value);
            if (identity.RequestsPerSecond is { } rate) Positive($"{key}.requestsPerSecond", rate);
            if (identity.MaxInFlight is { } inFlight) Within($"{key}.maxInFlight", inFlight, 1, int.MaxValue);
            for (int i = 0; i < identity.Models?.Count; i++)
            {
                if (!configuration.Models!.ContainsKey(identity.Models[i]))
                    trace.Refuse(
                        $"{key}.models[{i}]",
                        $"{Printable.Text(key)} may use model '{Printable.Text(identity.Models[i])}', which is not among models{NearestName.Hint(identity.Models[i], configuration.Models.Keys)}");
            }
        }
    }

    void Limits(LimitsSection limits)
    {
        Within("limits.maxConnections", limits.MaxConnections!.Value, 1, int.MaxValue);
        Within("limits.maxInFlight", limits.MaxInFlight!.Value, 1, 256);
        Within("limits.maxRequests", limits.MaxRequests!.Value, 1, 1 << 16);
        Within("limits.maxPayloadBytes", limits.MaxPayloadBytes!.Value, 1, int.MaxValue);
        Within("limits.maxHeaderBytes", limits.MaxHeaderBytes!.Value, 64, ushort.MaxValue);
        Within("limits.payloadMemory", limits.PayloadMemory!.Value, 1, long.MaxValue);
        Within("limits.handshakeMs", limits.HandshakeMs!.Value, 1, Longest);
        Within("limits.idleMs", limits.IdleMs!.Value, 1, Longest);
        Within("limits.headerMs", limits.HeaderMs!.Value, 1, Longest);
        Within("limits.payloadMs", limits.PayloadMs!.Value, 1, Longest);
        Within("limits.sendMs", limits.SendMs!.Value, 1, Longest);
    }

    /// <summary>One of some words.</summary>
    public void OneOf(string key, string value, params string[] words)
    {
        if (!words.Contains(value)) Refuse(key, Quoted(value), $"not one of {string.Join(", ", words)}{NearestName.Hint(value, words)}");
    }

    /// <summary>A number in a range, both ends included.</summary>
    public void Within<T>(string key, T value, T least, T most)
        where T : INumber<T>
    {
        if (!(value >= least && value <= most))
            Refuse(key, Text(value), $"not in {Text(least)}..{Text(most)}");
    }

    /// <summary>A path that a system can have.</summary>
    bool Place(string key, string? path)
    {
        if (path?.Contains('\0', StringComparison.Ordinal) != true) return true;
        Refuse(key, Quoted(path), "which holds the character 0 and is no path");
        return false;
    }

    void Positive(string key, double value)
    {
        if (!(value > 0 && double.IsFinite(value))) Refuse(key, Text(value), "not a number above 0");
    }

    void Missing(string key, string what) => trace.Refuse(key, $"{key} is missing: {what}");

    void Refuse(string key, string value, string reason) => trace.Refuse(key, $"{Printable.Text(key)} is {value}, {reason}");

    static string Quoted(string value) => $"'{Printable.Text(value)}'";

    static string Text<T>(T value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
}
