using System.Text.Json;
using EdgeML.Server.Configuration;

namespace EdgeML.Fuzz.Targets;

/// <summary>The configuration file of <c>edgeml serve</c>. One without problems makes options of a server, and is the same when it was written
/// and read again.</summary>
static class ConfigurationTarget
{
    public static FuzzTarget Target { get; } = new("serve", "configurations of edgeml serve", 20_000, Read, Seeds)
    {
        IsText = true,
        AllocatedPerByte = 1024,
    };

    static bool Read(ReadOnlyMemory<byte> data)
    {
        ServeSettings settings = Load("serve.json", data);
        foreach (ConfigurationProblem problem in settings.Problems)
            FindException.Require(!problem.ToString().AsSpan().ContainsAny('\r', '\n'), $"a problem is no line: {problem}");
        if (settings.Problems.Count > 0) return false;
        settings.ServerOptions().Check();
        FindException.Require(settings.Values().Any(), "no values");
        byte[] written = Written(settings);
        ServeSettings again = Load("again.json", written);
        FindException.Require(again.Problems.Count == 0, $"a configuration is written with problems: {string.Join("; ", again.Problems)}");
        FindException.Require(written.AsSpan().SequenceEqual(Written(again)), "a configuration is written as another one");
        return true;
    }

    static ServeSettings Load(string name, ReadOnlyMemory<byte> data) => ServeSettings.Load(ScratchFile.Of(name, data), []);

    static byte[] Written(ServeSettings settings) => JsonSerializer.SerializeToUtf8Bytes(settings.Configuration, ServeJson.Default.ServeConfiguration);

    static IEnumerable<(string, byte[])> Seeds()
    {
        yield return ("small", """{"models": {"shapes": "engines/shapes"}}"""u8.ToArray());
        yield return ("whole", """
            {
              "listen": "0.0.0.0:7410", // all addresses
              "tls": {"certificate": "server.pem", "key": "server.key", "clientCa": "devices.pem"},
              "models": {"shapes": ["engines/shapes-1", "engines/shapes-2"], "d\u00f6g": "engines/dog"},
              "identities": {"camera-1": {"weight": 2, "requestsPerSecond": 30.5, "maxInFlight": 4, "models": ["shapes"]}, "*": {}},
              "threads": 2, "computeThreads": 2, "blockingThreads": 0, "maxBatch": 4, "drainMs": 500, "watchSeconds": 1.5,
              "limits": {"maxConnections": 100, "maxInFlight": 8, "payloadMemory": 1000000, "idleMs": 60000},
            }
            """u8.ToArray());
        yield return ("open", """{"listen": "[::]:0", "insecure": true, "models": {"a": "a"}, "backend": "onnxruntime"}"""u8.ToArray());
    }
}
