using System.Text.Json;
using EdgeML.Native;
using EdgeML.Native.Inference.Engines;
using EdgeML.Server.Configuration;

namespace EdgeML.Server.Tests.Configuration;

/// <summary>Files, variables and options of <c>edgeml serve</c>: what they mean together and what is wrong with them.</summary>
public sealed class ServeSettingsTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeml-serve-");

    public void Dispose() => _folder.Delete(recursive: true);

    string File(string text)
    {
        string path = Path.Combine(_folder.FullName, "serve.json");
        System.IO.File.WriteAllText(path, text);
        return path;
    }

    ServeSettings Load(
        string text, Dictionary<string, string>? environment = null, Action<ServeConfiguration, ConfigurationTrace>? options = null) =>
        ServeSettings.Load(File(text), environment ?? [], options);

    /// <summary>The problems without the folder of the file.</summary>
    string[] Problems(string text, Dictionary<string, string>? environment = null) =>
        [.. Load(text, environment).Problems.Select(each => each.ToString().Replace(_folder.FullName + "/", "", StringComparison.Ordinal))];

    [Fact]
    public void File_WithModelsOnly_HasDefaultsForTheRest()
    {
        ServeSettings settings = Load("""{ "models": { "shapes": "engines/shapes" } }""");
        Assert.Empty(settings.Problems);
        Assert.Equal("127.0.0.1:7410", settings.Configuration.Listen);
        Assert.Equal([Path.Combine(_folder.FullName, "engines/shapes")], settings.Configuration.Models!["shapes"]);
        TailServerOptions options = settings.ServerOptions(), defaults = new();
        Assert.Equal(defaults.Limits, options.Limits);
        Assert.Equal(
            (defaults.ComputeThreads, defaults.BlockingThreads, defaults.MaxRequests, defaults.MaxPayloadMemory, defaults.DrainLimit),
            (options.ComputeThreads, options.BlockingThreads, options.MaxRequests, options.MaxPayloadMemory, options.DrainLimit));
        Assert.Null(options.Identities);
        options.Check();
    }

    [Fact]
    public void File_WithEverything_IsReadToTheSameValues()
    {
        ServeSettings settings = Load("""
            {
              // Operators explain their choices.
              "listen": "0.0.0.0:7411",
              "tls": { "certificate": "tail.pem", "key": "/keys/tail.key", "clientCa": "ca.pem" },
              "models": { "shapes": ["v1", "v2"], "vgg": "/models/vgg" },
              "identities": { "device-1": { "weight": 2.5, "requestsPerSecond": 100, "maxInFlight": 8, "models": ["shapes"] }, "*": {} },
              "threads": 2, "computeThreads": 3, "blockingThreads": 0, "maxBatch": 8, "drainMs": 500, "watchSeconds": 0.5,
              "limits": { "maxConnections": 10, "maxInFlight": 4, "maxRequests": 20, "maxPayloadBytes": 1000, "maxHeaderBytes": 512,
                "payloadMemory": 5000000000, "handshakeMs": 1, "idleMs": 2, "headerMs": 3, "payloadMs": 4, "sendMs": 5 },
              "http": { "listen": "127.0.0.1:9410" }, "log": { "format": "json", "level": "info" }, "otlp": { "endpoint": "http://127.0.0.1:4318" },
            }
            """);
        Assert.Empty(settings.Problems);
        TailServerOptions options = settings.ServerOptions();
        Assert.Equal(new TlsOptions
        {
            CertificatePath = Path.Combine(_folder.FullName, "tail.pem"),
            KeyPath = "/keys/tail.key",
            ClientCaPath = Path.Combine(_folder.FullName, "ca.pem"),
        }, options.Tls);
        IdentityRule rule = options.Identities!["device-1"];
        Assert.Equal((2.5, 100, 8), (rule.Weight, rule.RequestsPerSecond, rule.MaxInFlight));
        Assert.Equal(["shapes"], rule.Models);
        Assert.Equal(new IdentityRule().RequestsPerSecond, options.Identities["*"].RequestsPerSecond);
        Assert.Equal((10, 4, 1000, 512), (options.Limits.MaxConnections, options.Limits.MaxInFlight, options.Limits.MaxPayloadBytes, options.Limits.MaxHeaderBytes));
        Assert.Equal((20, 5_000_000_000), (options.MaxRequests, options.MaxPayloadMemory));
        ServeConfiguration all = settings.Configuration;
        Assert.Equal(("127.0.0.1:9410", false, "json", "info", "http://127.0.0.1:4318"), (all.Http!.Listen, all.Http.Insecure, all.Log!.Format, all.Log.Level, all.Otlp!.Endpoint));
        Assert.Equal((3, 0, 500), (options.ComputeThreads, options.BlockingThreads, options.DrainLimit.TotalMilliseconds));
    }

    [Fact]
    public void TrustedKeys_ComeFromTheFileElseFromEveryCommandsVariable()
    {
        const string model = "\"models\": { \"a\": \"/a\" }";
        string file = Path.Combine(_folder.FullName, "serve.json");
        KeyValuePair<string, string>[] environment = [new("EDGEML_TRUSTED_KEYS", $"/keys/a.pem{Path.PathSeparator}/keys/b.pem")];
        System.IO.File.WriteAllText(file, $"{{ {model}, \"trustedKeys\": \"c.pem\" }}");
        Assert.Equal([Path.Combine(_folder.FullName, "c.pem")], ServeSettings.Load(file, environment).Configuration.TrustedKeys!);
        System.IO.File.WriteAllText(file, $"{{ {model} }}");
        ServeSettings settings = ServeSettings.Load(file, environment);
        Assert.Equal(["/keys/a.pem", "/keys/b.pem"], settings.Configuration.TrustedKeys!);
        Assert.Contains(("trustedKeys[1]", "/keys/b.pem", "EDGEML_TRUSTED_KEYS"), settings.Values());
        Assert.ThrowsAny<IOException>(settings.Trusted);
        System.IO.File.WriteAllText(file, $"{{ {model}, \"trustedKeys\": [] }}");
        Assert.Contains("names no file", Assert.Single(ServeSettings.Load(file, environment).Problems).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Problems_AreAllFoundWithTheirLines()
    {
        Assert.Equal(
        [
            "serve.json:2: listen is 7410, not text in quotation marks",
            "serve.json:3: unknown key 'lissten', did you mean listen?",
            "serve.json:4: computeThreads is 'two', not a whole number up to 2147483647",
            "serve.json:5: limits is a list, not an object in braces",
            "serve.json:7: models.a[0] is 3, not text in quotation marks",
            "serve.json:9: insecure is 1, not true or false",
            "serve.json:12: unknown key 'identities.device.rate'",
            "serve.json:8: models.c names folder /b, which models.b names already",
            "serve.json:10: identity device needs tls.clientCa: an identity is the name in a client's certificate",
            "serve.json:11: identities.device.weight is 0, not a number above 0",
            "serve.json:13: identities.device may use model 'bb', which is not among models",
            "serve.json:15: maxBatch is 65, not in 1..64",
        ], Problems("""
            {
              "listen": 7410,
              "lissten": "127.0.0.1:1",
              "computeThreads": "two",
              "limits": [],
              "models": {
                "a": [3], "b": "/b",
                "c": "/b" },
              "insecure": false, "insecure": 1,
              "identities": { "device": {
                "weight": 0,
                "rate": 5,
                "models": ["b", "bb"]
              } },
              "maxBatch": 65
            }
            """));
    }

    [Theory]
    [InlineData("", "serve.json:1: not JSON")]
    [InlineData("[]", "serve.json:1: the configuration is a list, not an object in braces")]
    [InlineData("{\n\"models\": {\n", "serve.json:3: not JSON")]
    [InlineData("{\"models\": {\"a\": \"b\"}}\n}", "serve.json:2: not JSON")]
    [InlineData("{\n\"models\": null}", "serve.json:2: models is null, not an object in braces")]
    [InlineData("{}", "models is missing: give at least one name with the folder of its package")]
    [InlineData("{\"models\": {\"a\": \"b\"}, \"http\": {}}", "serve.json:1: http.listen is missing: HOST:PORT of the pages")]
    [InlineData("{\"models\": {\"a\": \"b\"}, \"http\": {\"listen\": \"0.0.0.0:80\"}}", "serve.json:1: http.listen is 0.0.0.0:80, which can be reached over a network")]
    [InlineData("{\"models\": {\"a\": \"b\"}, \"log\": {\"format\": \"xml\"}}", "serve.json:1: log.format is 'xml', not one of text, json")]
    [InlineData("{\"models\": {\"a\": \"b\"}, \"log\": {\"level\": \"warn\"}}", "serve.json:1: log.level is 'warn', not one of debug, info, warning, error")]
    [InlineData("{\"models\": {\"a\": \"b\"}, \"otlp\": {\"endpoint\": \"collector\"}}", "serve.json:1: otlp.endpoint is 'collector', not an address such as http://127.0.0.1:4318")]
    [InlineData("{\"models\": {\"a\": \"b\"}, \"listen\": \"everywhere\"}", "serve.json:1: listen is 'everywhere', not HOST:PORT with a port in 0..65535")]
    [InlineData("{\"models\": {\"a\": \"b\"},\n\"listen\": \"[::]:7\"}", "serve.json:2: listen is [::]:7, which can be reached over a network")]
    [InlineData("{\"models\": {\"a\": \"b\"},\n\"tls\": {\"key\": \"k\"}}", "serve.json:2: tls.certificate is missing: the server's certificate, a PEM file")]
    [InlineData("{\"models\": {\"a\": \"b\"},\n\"threads\": 1,\n\"threads\": 2}", "serve.json:3: threads is written twice")]
    [InlineData("{\"models\": {\"a\": \"b\",\n\"a\": \"c\"}}", "serve.json:2: models.a is written twice")]
    [InlineData("{\"models\": {\"a\": []}}", "serve.json:1: models.a is empty: give the folder of a package")]
    [InlineData("{\"models\": {\"a\":\n\"b\\u0000\"}}", "serve.json:2: models.a[0] is 'b\\u0000', which holds the character 0 and is no path")]
    [InlineData("{\"models\": {\"a\": \"b\"},\n\"tls\": {\"key\": \"\\u0000\"}}", "serve.json:2: tls.key is '\\u0000', which holds the character 0")]
    [InlineData("{\"insecure\": tru\n,\n\"models\": {}}", "serve.json:1: not JSON: 'tru")]
    [InlineData("{\"models\":\n{\"\\ud800\": \"b\"}}", "serve.json:2: a text is not UTF-8, or an escape in it is half of a character")]
    [InlineData("{\"models\": {\"a\": \"b\"},\n\"listen\": \"\\udc00\"}", "serve.json:2: a text is not UTF-8, or an escape in it is half of a character")]
    [InlineData("{\"models\": {\"a\\nb\": \"\"}}", "serve.json:1: models.a\\u000ab names a folder of no characters")]
    public void Problem_IsOneLineWithItsReason(string text, string expected)
    {
        string[] problems = Problems(text);
        Assert.Contains(problems, each => each.StartsWith(expected, StringComparison.Ordinal));
        Assert.All(problems, each => Assert.DoesNotContain('\n', each));
    }

    [Fact]
    public void Values_OfOptionsVariablesAndFile_StandInThisOrder()
    {
        var environment = new Dictionary<string, string>
        {
            ["EDGEML_SERVE_COMPUTE_THREADS"] = "3",
            ["EDGEML_SERVE_MAX_BATCH"] = "4",
            ["EDGEML_SERVE_LIMITS_MAX_IN_FLIGHT"] = "5",
            ["EDGEML_SERVE_TLS_CERTIFICATE"] = "/a.pem",
            ["EDGEML_SERVE_MODELS"] = """{ "b": "/b" }""",
            ["EDGEML_OTHER"] = "1",
        };
        ServeSettings settings = Load(
            """{ "models": { "a": "a" }, "threads": 2, "computeThreads": 2, "maxBatch": 2, "tls": { "key": "k.pem" } }""", environment,
            (configuration, trace) => ConfigurationOverrides.Set(configuration, "maxBatch", "6", "--max-batch", trace));
        Assert.Empty(settings.Problems);
        ServeConfiguration all = settings.Configuration;
        Assert.Equal((2, 3, 6, 5), (all.Threads, all.ComputeThreads, all.MaxBatch, all.Limits!.MaxInFlight));
        Assert.Equal(("/a.pem", Path.Combine(_folder.FullName, "k.pem")), (all.Tls!.Certificate, all.Tls.Key));
        Assert.Equal("b", Assert.Single(all.Models!).Key);
        Dictionary<string, string> sources = settings.Values().ToDictionary(each => each.Key, each => each.Source);
        string[] keys = ["threads", "computeThreads", "maxBatch", "drainMs", "models.b[0]"];
        Assert.Equal(
            [Path.Combine(_folder.FullName, "serve.json") + ":1", "EDGEML_SERVE_COMPUTE_THREADS", "--max-batch", "default", "EDGEML_SERVE_MODELS"],
            keys.Select(key => sources[key]));
    }

    [Fact]
    public void Variables_ThatAreWrong_AreNamed()
    {
        var environment = new Dictionary<string, string>
        {
            ["EDGEML_SERVE_COMPUTE_THREAD"] = "3",
            ["EDGEML_SERVE_MAX_BATCH"] = "many",
            ["EDGEML_SERVE_MODELS"] = "{",
            ["EDGEML_SERVE_THREADS"] = "0",
        };
        string[] problems = Problems("""{ "models": { "a": "a" } }""", environment);
        Assert.Equal("EDGEML_SERVE_COMPUTE_THREAD: is the variable of no key, did you mean EDGEML_SERVE_COMPUTE_THREADS?", problems[0]);
        Assert.StartsWith("EDGEML_SERVE_MAX_BATCH: maxBatch", problems[1]);
        Assert.StartsWith("EDGEML_SERVE_MODELS: models: not JSON", problems[2]);
        Assert.Equal("EDGEML_SERVE_THREADS: threads is 0, not in 1..", problems[3][..46]);
        Assert.Equal(4, problems.Length);
    }

    [Fact]
    public void Effective_WrittenAsJson_IsTheSameConfiguration()
    {
        ServeSettings settings = Load("""{ "models": { "a": ["a", "b"] }, "limits": { "sendMs": 7 } }""");
        string json = JsonSerializer.Serialize(settings.Configuration, ServeJson.Default.ServeConfiguration);
        ServeSettings again = Load(json);
        Assert.Empty(again.Problems);
        Assert.Equal(json, JsonSerializer.Serialize(again.Configuration, ServeJson.Default.ServeConfiguration));
    }

    [Fact]
    public void Keys_HaveOneVariableEach()
    {
        Assert.Contains("tls.clientCa", ConfigurationOverrides.Keys);
        Assert.Equal("EDGEML_SERVE_TLS_CLIENT_CA", ConfigurationOverrides.VariableOf("tls.clientCa"));
        Assert.Distinct(ConfigurationOverrides.Keys.Select(ConfigurationOverrides.VariableOf));
    }

    [Fact]
    public void Compute_OfSingleModels_StandsAboveTheValuesForAll()
    {
        ServeSettings settings = Load("""
            {
              "models": { "a": "a", "b": "b", "c": "c" }, "threads": 2, "cores": "0-3",
              "compute": { "b": { "threads": 1, "cores": "5", "realTime": 40 }, "c": {} },
            }
            """);
        Assert.Empty(settings.Problems);
        BackendOptions[] models = [.. new[] { "a", "b", "c" }.Select(name => ComputeRules.Options(settings.Configuration, name, new BackendOptions()))];
        Assert.Equal([2, 1, 2], models.Select(model => model.Threads));
        Assert.Equal(["0 1 2 3", "5", "0 1 2 3"], models.Select(model => string.Join(' ', model.Cores)));
        Assert.Equal([0, 40, 0], models.Select(model => model.RealTimePriority));
        Assert.Equal([false, true, true], models.Select(model => model.OwnThreads));
    }

    [Fact]
    public void Compute_Unsound_IsRefusedWithKeyAndValue()
    {
        Assert.Equal(
            [
                "serve.json:2: threads is 0, not in 1..64",
                "serve.json:2: cores is '3-1', not a list of cores such as 2,3 or 2-5",
                "serve.json:3: compute.shape is about a model that is not among models, did you mean shapes?",
                "serve.json:4: compute.shapes.realTime is 100, not in 1..99",
                "serve.json:4: compute.shapes.cores is '1,2', 2 for 3 threads: at least one core per thread is needed",
            ],
            Problems("""
                { "models": { "shapes": "shapes" },
                  "threads": 0, "cores": "3-1",
                  "compute": { "shape": { "threads": 1, "cores": "1" },
                    "shapes": { "threads": 3, "cores": "1,2", "realTime": 100 } } }
                """).Select(line => line.Replace($"1..{OptionRule.MostThreads}", "1..64", StringComparison.Ordinal)));
        Assert.Equal(
            ["serve.json:1: threads of single models, cores and realTime go with ONNX Runtime, and backend is tensorrt"],
            Problems("""{ "models": { "shapes": "shapes" }, "backend": "tensorrt", "cores": "1" }"""));
    }
}
