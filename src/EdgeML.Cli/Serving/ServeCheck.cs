using EdgeML.Cli.CommandLine;
using EdgeML.Native;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Interop;
using EdgeML.Native.Models.Packages;
using EdgeML.Server.Configuration;
using EdgeML.Server.Transport;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeML.Cli.Serving;

/// <summary><c>edgeml serve --check</c>: everything that a start would need, without starting.</summary>
static class ServeCheck
{
    /// <summary>Opens packages and certificates.</summary>
    /// <returns>Identities by folder, and everything that is wrong, a line each.</returns>
    public static (Dictionary<string, string> Identities, List<string> Faults) Run(ServeSettings settings)
    {
        var identities = new Dictionary<string, string>();
        var faults = new List<string>();
        Try("tls", settings, faults, () =>
        {
            if (settings.ServerOptions().Tls is { } tls) _ = new TlsCredentials(tls, NullLogger.Instance);
        });
        TrustedKeys? trusted = null;
        Try("trustedKeys", settings, faults, () => trusted = settings.Trusted());
        foreach ((string name, List<string> folders) in settings.Configuration.Models!)
        {
            BackendOptions options = ComputeRules.Options(settings.Configuration, name, ServeHost.Backend(settings.Configuration));
            if (options.HasOwnThreads && options.Kind != BackendKind.TensorRt) Try(KeyOf(settings, name), settings, faults, () => new Backend(options).Dispose());
            for (int i = 0; i < folders.Count; i++)
            {
                string folder = folders[i];
                Try($"models.{name}[{i}]", settings, faults, () =>
                {
                    using ModelPackage package = ModelPackage.Open(folder, trusted);
                    string identity = package.Manifest.Identity;
                    if (identities.FirstOrDefault(each => each.Value == identity).Key is { } other)
                        throw new InvalidDataException($"{folder} is the same model as {other}");
                    identities[folder] = identity;
                });
            }
        }
        return (identities, faults);
    }

    /// <summary>The key that says where a model's threads run.</summary>
    static string KeyOf(ServeSettings settings, string name) => settings.Configuration.Compute?.GetValueOrDefault(name) switch
    {
        { Cores: not null } => $"compute.{name}.cores",
        { RealTime: not null } => $"compute.{name}.realTime",
        _ => settings.Configuration.Cores is not null ? "cores" : "realTime",
    };

    static void Try(string key, ServeSettings settings, List<string> faults, Action check)
    {
        try
        {
            check();
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException or NativeException or ArgumentException)
        {
            faults.Add(new ConfigurationProblem(settings.Trace.SourceOf(key), $"{key}: {MessageText.OneLine(ErrorReport.Describe(e))}").ToString());
        }
    }
}
