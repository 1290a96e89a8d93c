using EdgeML.Native.Offload;

namespace EdgeML.Server.Configuration;

/// <summary>The values of keys that are given nowhere.</summary>
static class ServeDefaults
{
    /// <summary>Gives every key its value; those without a default, such as <c>tls</c>, stay absent.</summary>
    public static void FillIn(ServeConfiguration configuration)
    {
        var server = new TailServerOptions();
        ProtocolLimits limits = server.Limits;
        configuration.Listen ??= "127.0.0.1:7410";
        configuration.Insecure ??= false;
        configuration.Models ??= [];
        configuration.Backend ??= "onnxruntime";
        configuration.Threads ??= 1;
        configuration.ComputeThreads ??= server.ComputeThreads;
        configuration.BlockingThreads ??= server.BlockingThreads;
        configuration.MaxBatch ??= 1;
        configuration.DrainMs ??= (int)server.DrainLimit.TotalMilliseconds;
        configuration.WatchSeconds ??= 0;
        LimitsSection own = configuration.Limits ??= new LimitsSection();
        own.MaxConnections ??= limits.MaxConnections;
        own.MaxInFlight ??= limits.MaxInFlight;
        own.MaxRequests ??= server.MaxRequests;
        own.MaxPayloadBytes ??= limits.MaxPayloadBytes;
        own.MaxHeaderBytes ??= limits.MaxHeaderBytes;
        own.PayloadMemory ??= server.MaxPayloadMemory;
        own.HandshakeMs ??= (int)limits.HandshakeDeadline.TotalMilliseconds;
        own.IdleMs ??= (int)limits.IdleDeadline.TotalMilliseconds;
        own.HeaderMs ??= (int)limits.HeaderDeadline.TotalMilliseconds;
        own.PayloadMs ??= (int)limits.PayloadDeadline.TotalMilliseconds;
        own.SendMs ??= (int)limits.SendDeadline.TotalMilliseconds;
        (configuration.Log ??= new LogSection()).Format ??= ObservingRules.LogFormats[0];
        if (configuration.Http is { } http) http.Insecure ??= false;
        foreach (IdentitySection identity in configuration.Identities?.Values ?? Enumerable.Empty<IdentitySection>()) identity.Weight ??= 1;
    }
}
