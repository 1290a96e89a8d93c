using System.Text.Json;

namespace EdgeML.Cli.Tests;

/// <summary><c>edgeml serve</c> as its own process: start, changes, end.</summary>
public sealed class ServeTests(ShippedPackage package) : IClassFixture<ShippedPackage>
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    string Configuration(string text)
    {
        string path = package["serve.json"];
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>Lines of both outputs up to one that contains a text.</summary>
    static string Await(ChildProcess process, string text)
    {
        var read = new List<string>();
        while (true)
        {
            string line = process.ReadLine(s_patience) ?? throw new InvalidOperationException($"no '{text}' in\n{string.Join('\n', read)}");
            read.Add(line);
            if (line.Contains(text, StringComparison.Ordinal)) return line;
        }
    }

    (int Offloaded, int Fallbacks) Run(string address)
    {
        Outcome run = EdgemlProcess.Run("run", "--model", package.Model, "--data", "shapes:seed=5,difficulty=mixed", "--count", "20", "--cut", "2",
            "--tail", address, "--deadline-ms", "20000", "--json", package["run.json"]);
        Assert.True(run.ExitCode == 0, run.Error);
        using var json = JsonDocument.Parse(File.ReadAllBytes(package["run.json"]));
        return (json.RootElement.GetProperty("offloaded").GetInt32(), json.RootElement.GetProperty("fallbacks").GetInt32());
    }

    [Fact]
    public void Serve_ConfigurationAndPackageChanged_AreTakenUpAtSighup()
    {
        string good = """{ "listen": "127.0.0.1:0", "models": { "shapes": "served" } }""";
        CopyPackage("served");
        string file = Configuration(good);
        using ChildProcess serve = EdgemlProcess.StartInShell("exec \"$@\" 2>&1", "serve", "--config", file, "--verbose");
        Await(serve, "model shapes: ");
        string address = Await(serve, "listening ")["listening ".Length..];
        Assert.Equal((20, 0), Run(address));

        Configuration("""{ "models": { "shapes": "served" }, "thread": 2 }""");
        serve.Send(Signals.HangUp);
        Await(serve, "serve.json:1: unknown key 'thread', did you mean threads?");
        Await(serve, "the configuration read before stays in force");

        File.WriteAllText(Path.Combine(package["served"], "bottlenecks.json"), "{ ");
        Configuration(good);
        serve.Send(Signals.HangUp);
        Assert.Contains("; the version read before stays in service", Await(serve, "cannot be used"));
        Assert.Equal((20, 0), Run(address));

        File.Delete(Path.Combine(package["served"], "bottlenecks.json"));
        File.SetLastWriteTimeUtc(Path.Combine(package["served"], "model.json"), DateTime.UnixEpoch);
        serve.Send(Signals.HangUp);
        Await(serve, "is in service");
        Await(serve, "is freed");
        Assert.Equal((20, 0), Run(address));
        serve.Send(Signals.Terminate);
        Assert.Equal(0, serve.WaitForEnd(s_patience).ExitCode);
    }

    void CopyPackage(string name)
    {
        Directory.CreateDirectory(package[name]);
        foreach (string source in Directory.EnumerateFiles(package.Model)) File.Copy(source, Path.Combine(package[name], Path.GetFileName(source)), overwrite: true);
    }

    [Fact]
    public void Check_SoundConfiguration_ShowsValuesWithTheirOriginAndWritesJson()
    {
        string file = Configuration("""{ "models": { "shapes": "shapes-vgg" } }""");
        Outcome check = EdgemlProcess.Run(
            new Dictionary<string, string> { ["EDGEML_SERVE_THREADS"] = "2" }, "serve", "--config", file, "--check", "--max-batch", "4",
            "--json", package["force.json"]);
        Assert.True(check.ExitCode == 0, check.Error);
        Assert.Contains("threads = 2  (EDGEML_SERVE_THREADS)", check.Output);
        Assert.Contains("maxBatch = 4  (--max-batch)", check.Output);
        Assert.Contains($"models.shapes[0] = {package.Model}, sha256:", check.Output);
        Assert.Contains("listen = 127.0.0.1:7410  (default)", check.Output);
        Outcome again = EdgemlProcess.Run("serve", "--config", package["force.json"], "--check");
        Assert.True(again.ExitCode == 0, again.Error);
    }

    [Fact]
    public void Check_EverythingWrong_IsListedWithExitCodeTwo()
    {
        Directory.CreateDirectory(package["nothing"]);
        string file = Configuration("{ \"models\": {\n\"a\": \"nothing\",\n\"b\": \"missing\" },\n\"tls\": { \"certificate\": \"no.pem\", \"key\": \"no.key\" } }");
        Outcome packages = EdgemlProcess.Run("serve", "--config", file, "--check");
        Assert.Equal(2, packages.ExitCode);
        Assert.Equal(3, packages.ErrorLines.Length);
        Assert.StartsWith($"edgeml: {file}:4: tls: ", packages.ErrorLines[0]);
        Assert.Contains($"{file}:2: models.a[0]: {package["nothing"]} is not a package", packages.ErrorLines[1]);
        Assert.Contains($"{file}:3: models.b[0]: ", packages.ErrorLines[2]);

        Configuration("{ \"listen\": \"nowhere\",\n\"computeThreads\": 0 }");
        Outcome values = EdgemlProcess.Run("serve", "--config", file, "--model", "a");
        Assert.Equal(2, values.ExitCode);
        Assert.Equal(
            ["edgeml: --model: --model is 'a', not NAME=DIR", $"edgeml: {file}:1: listen is 'nowhere', not HOST:PORT with a port in 0..65535",
                "edgeml: models is missing: give at least one name with the folder of its package"], values.ErrorLines.Take(3));
        Assert.StartsWith($"edgeml: {file}:2: computeThreads is 0, not in 1..", values.ErrorLines[3]);
    }

    [Fact]
    public void Serve_PackageThatIsNone_EndsWithoutListening()
    {
        Directory.CreateDirectory(package["nothing"]);
        Outcome outcome = EdgemlProcess.Run("serve", "--model", $"a={package["nothing"]}", "--listen", "127.0.0.1:0");
        Assert.Equal((2, ""), (outcome.ExitCode, outcome.Output));
        Assert.Contains("no package can be read in", Assert.Single(outcome.ErrorLines));
    }
}
