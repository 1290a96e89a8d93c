using System.Runtime.InteropServices;
using System.Text.Json;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Cli.Tests;

public sealed class RunAndTailTests(ShippedPackage package, ITestOutputHelper output) : IClassFixture<ShippedPackage>
{
    const string Data = "shapes:seed=5,difficulty=mixed";
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    [Fact]
    public void Run_EveryCandidateCutThroughATailProcess_EqualsTheLocalRun()
    {
        const int count = 40;
        float[] local = Logits("local", count, "--cut", "local");
        using var tail = new TailProcess(package.Model);
        foreach (int cut in CandidateCuts())
        {
            float[] remote = Logits($"cut{cut}", count, "--cut", $"{cut}", "--tail", tail.Address, "--deadline-ms", "20000");
            Assert.All(local.Zip(remote), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        }
    }

    [Fact]
    public void Run_TailThatComputesTogether_EqualsTheLocalRun()
    {
        const int count = 120;
        float[] local = Logits("alone", count, "--cut", "local");
        using var tail = new TailProcess(package.Model, more: ["--max-batch", "4"]);
        float[] together = Logits("together", count, "--cut", "0", "--in-flight", "8", "--tail", tail.Address, "--deadline-ms", "20000");
        Assert.All(local.Zip(together), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }

    [Fact]
    public void Run_Json_HasTheContractsKeysAndAddsUp()
    {
        var outcome = EdgemlProcess.Run("run", "--model", package.Model, "--data", Data, "--count", "1200", "--thresholds", "0.4,0.4,0.4",
            "--json", package["run.json"]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        using var json = JsonDocument.Parse(File.ReadAllBytes(package["run.json"]));
        var root = json.RootElement;
        string[] keys = ["tasks", "correct", "accuracy", "exits", "local", "offloaded", "fallbacks", "latencyMs", "parts", "bytesSent",
            "standbys", "energy", "allocatedBytesPerTask", "satisfaction", "policies", "control"];
        Assert.Superset(keys.ToHashSet(), root.EnumerateObject().Select(property => property.Name).ToHashSet());
        Assert.Equal(1200, root.GetProperty("tasks").GetInt32());
        Assert.Equal(1200, root.GetProperty("exits").EnumerateArray().Sum(exit => exit.GetProperty("count").GetInt32()));
        Assert.Equal(root.GetProperty("correct").GetInt32(),
            root.GetProperty("exits").EnumerateArray().Sum(exit => exit.GetProperty("correct").GetInt32()));
        Assert.Equal(JsonValueKind.Null, root.GetProperty("satisfaction").ValueKind);
        Assert.InRange(root.GetProperty("exits")[0].GetProperty("count").GetInt32(), 1, 1199);
    }

    [Fact]
    public void Run_EnergySource_IsNamedInTheResultAndRefusedWhereItIsNone()
    {
        Outcome declared = EdgemlProcess.Run(
            "run", "--model", package.Model, "--data", Data, "--count", "5", "--energy", "declared", "--json", package["energy.json"]);
        Assert.True(declared.ExitCode == 0, declared.Error);
        using var json = JsonDocument.Parse(File.ReadAllBytes(package["energy.json"]));
        Assert.Equal("declared", json.RootElement.GetProperty("energy").GetProperty("source").GetString());
        Outcome unknown = EdgemlProcess.Run("run", "--model", package.Model, "--data", Data, "--energy", "wattmeter");
        Assert.Equal(2, unknown.ExitCode);
        Assert.Single(unknown.ErrorLines);
    }

    [Fact]
    public void Run_NoTailAtTheAddress_FallsBackForEveryTaskAndSucceeds()
    {
        string address;
        using (var tail = new TailProcess(package.Model)) address = tail.Address;
        float[] local = Logits("alone", 30, "--cut", "local");
        float[] fallen = Logits("fallen", 30, "--cut", "3", "--tail", address, "--json", package["fallen.json"]);
        Assert.Equal(local, fallen);
        using var json = JsonDocument.Parse(File.ReadAllBytes(package["fallen.json"]));
        Assert.Equal(30, json.RootElement.GetProperty("fallbacks").GetInt32());
    }

    /// <summary>The seed draws after how many bytes each tail is killed, so that a failure can be had again.</summary>
    [Fact]
    public void Run_TailProcessesKilledAtRandom_TwoThousandAnswersEqualTheUndisturbedRuns()
    {
        const int count = 2000, seed = 417, tailCount = 3;
        output.WriteLine($"seed {seed}");
        float[] undisturbed = Logits("undisturbed", count, "--cut", "4");
        var random = new Random(seed);
        int[] killAfter = [.. Enumerable.Range(1, tailCount - 1).Select(_ => random.Next(10, 200) * KillingRelay.BytesOfCut4)];
        using var relay = new KillingRelay(package.Model, killAfter);
        Outcome run = EdgemlProcess.Run(TimeSpan.FromSeconds(300), "run", "--model", package.Model, "--data", Data, "--count", $"{count}",
            "--cut", "4", "--tail", relay.Address, "--deadline-ms", "60000",
            "--logits", package["disturbed.bin"], "--json", package["disturbed.json"]);
        int kills = relay.Kills;
        Assert.True(run.ExitCode == 0, run.Error);
        using var json = JsonDocument.Parse(File.ReadAllBytes(package["disturbed.json"]));
        int Count(string key) => json.RootElement.GetProperty(key).GetInt32();
        (int offloaded, int fallbacks) = (Count("offloaded"), Count("fallbacks"));
        output.WriteLine($"{kills} kills, {offloaded} offloaded, {fallbacks} fallbacks");
        Assert.InRange(kills, 1, tailCount - 1);
        // Every kill lost the request it came in the middle of; those before the first one were answered.
        Assert.True(fallbacks >= kills && offloaded >= 9, $"seed {seed}");
        Assert.Equal((count, count), (Count("tasks"), offloaded + fallbacks));
        float[] disturbed = Read("disturbed.bin");
        Assert.Equal(undisturbed.Length, disturbed.Length);
        Assert.All(undisturbed.Zip(disturbed), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }

    [Fact]
    public void Tail_Sigterm_DrainsAndExitsZero()
    {
        using var tail = new TailProcess(package.Model);
        Assert.Equal(0, tail.Terminate(TimeSpan.FromSeconds(20)).ExitCode);
    }

    [Fact]
    public void Run_TraceOfOneRun_StartsTheNext()
    {
        string[] run = ["run", "--model", package.Model, "--data", Data, "--controller", "ddpg", "--count", "200", "--latency-ms", "20"];
        var first = EdgemlProcess.Run([.. run, "--experience-out", package["a.trace"]]);
        Assert.True(first.ExitCode == 0, first.Error);
        var second = EdgemlProcess.Run([.. run, "--experience-in", package["a.trace"], "--experience-out", package["b.trace"]]);
        Assert.True(second.ExitCode == 0, second.Error);
        Assert.InRange(new FileInfo(package["b.trace"]).Length, 1000, 100_000);
        string[] unlike = [.. run.Select(argument => argument == "ddpg" ? "edgeml" : argument), "--experience-in", package["a.trace"]];
        var third = EdgemlProcess.Run(unlike);
        Assert.Equal(2, third.ExitCode);
        Assert.Contains("state", third.Error);
    }

    public static TheoryData<string, string[]> BadInput() => new()
    {
        { "is not a package", ["run", "--model", "{nothing}", "--data", Data] },
        { "unknown kind", ["run", "--model", "{model}", "--data", "cats:all"] },
        { "2 thresholds", ["run", "--model", "{model}", "--data", Data, "--thresholds", "0.1,0.2"] },
        { "cut 99 is outside", ["run", "--model", "{model}", "--data", Data, "--cut", "99"] },
        { "--latency-ms is '-1'", ["run", "--model", "{model}", "--data", Data, "--latency-ms", "-1"] },
        { "--thresholds, --cut, --bottleneck and --standby go with", ["run", "--model", "{model}", "--data", Data, "--controller", "planner", "--cut", "1"] },
        { "half.bin", ["run", "--model", "{model}", "--data", "cifar10:{half}"] },
        { "planner does not learn", ["run", "--model", "{model}", "--data", Data, "--controller", "planner", "--experience-in", "{half}"] },
        { "no transition trace", ["run", "--model", "{model}", "--data", Data, "--controller", "ddpg", "--experience-in", "{half}"] },
        { "--listen is 'everywhere'", ["tail", "--model", "{model}", "--listen", "everywhere"] },
        { "nothing encrypts it", ["tail", "--model", "{model}", "--listen", "0.0.0.0:0"] },
        { "TLS needs --tls-cert and --tls-key", ["tail", "--model", "{model}", "--listen", "127.0.0.1:0", "--tls-cert", "{half}"] },
        { "--max-batch is 65, not in 1..64", ["tail", "--model", "{model}", "--listen", "127.0.0.1:0", "--max-batch", "65"] },
        { "--blocking-threads is '-1', not a whole number in 0..", ["tail", "--model", "{model}", "--listen", "127.0.0.1:0", "--blocking-threads", "-1"] },
        { "is not a package", ["tail", "--model", "{nothing}", "--listen", "127.0.0.1:0"] },
    };

    [Theory]
    [MemberData(nameof(BadInput))]
    public void BadInput_OneLineAndExitCodeTwo(string expected, string[] arguments)
    {
        File.WriteAllBytes(package["half.bin"], new byte[5000]);
        Directory.CreateDirectory(package["nothing"]);
        string[] filled = [.. arguments.Select(argument => argument.Replace("{model}", package.Model).Replace("{nothing}",
            package["nothing"]).Replace("{half}", package["half.bin"]))];
        var outcome = EdgemlProcess.Run([.. filled, .. filled[0] == "run" ? ["--json", package["bad.json"]] : Array.Empty<string>()]);
        Assert.Equal(2, outcome.ExitCode);
        Assert.StartsWith("edgeml: ", Assert.Single(outcome.ErrorLines));
        Assert.Contains(expected, outcome.Error);
        Assert.False(File.Exists(package["bad.json"]));
    }

    int[] CandidateCuts()
    {
        Assert.Equal(0, EdgemlProcess.Run("inspect", package.Model, "--json", package["inspect.json"]).ExitCode);
        using var json = JsonDocument.Parse(File.ReadAllBytes(package["inspect.json"]));
        var cuts = json.RootElement.GetProperty("cuts").EnumerateArray().ToArray();
        return [.. cuts.SkipLast(1).Where(cut => cut.GetProperty("candidate").GetBoolean()).Select(cut => cut.GetProperty("k").GetInt32())];
    }

    float[] Logits(string name, int count, params string[] more)
    {
        var outcome = EdgemlProcess.Run(s_patience,
            ["run", "--model", package.Model, "--data", Data, "--count", $"{count}", "--logits", package[$"{name}.bin"], .. more]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        return Read($"{name}.bin");
    }

    float[] Read(string name) => MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(package[name])).ToArray();
}
