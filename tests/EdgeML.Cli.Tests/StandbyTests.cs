using System.Runtime.InteropServices;
using System.Text.Json;
using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Tests;

/// <summary><c>edgeml run --standby</c> with a tail that is there, that is not, and that comes and goes.</summary>
public sealed class StandbyTests(ShippedPackage package, ITestOutputHelper output) : IClassFixture<ShippedPackage>
{
    const string Data = "shapes:seed=7,difficulty=mixed";
    const int Classes = 10;

    [Fact]
    public void Run_TailProcessThatAnswers_IsTheTailsAnswer()
    {
        const int count = 30;
        float[] local = Logits("local", count, "--cut", "local");
        using var tail = new TailProcess(package.Model);
        float[] hedged = Logits("hedged", count, "--standby", "1", "--cut", "0", "--tail", tail.Address, "--deadline-ms", "20000",
            "--json", package["hedged.json"]);
        Assert.All(local.Zip(hedged), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        Assert.Equal((0, 0, count), Counts("hedged.json"));
    }

    [Fact]
    public void Run_NoTailAtTheAddress_StandbyExitAnswersEveryTask()
    {
        const int count = 30;
        string address;
        using (var tail = new TailProcess(package.Model)) address = tail.Address;
        float[] early = Logits("early", count, "--cut", "local", "--thresholds", "0,1,0");
        string[] run = ["run", "--model", package.Model, "--data", Data, "--count", $"{count}", "--standby", "2", "--cut", "4",
            "--tail", address, "--logits", package["alone.bin"], "--json", package["alone.json"]];
        Outcome outcome = EdgemlProcess.Run(run);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.All(early.Zip(Read("alone.bin")), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        Assert.Equal((count, count, 0), Counts("alone.json"));
        using var json = JsonDocument.Parse(File.ReadAllBytes(package["alone.json"]));
        Assert.Equal(count, json.RootElement.GetProperty("exits")[1].GetProperty("count").GetInt32());
        Assert.Contains($"({count} of them fallbacks, {count} by a standby exit)", outcome.Output.ReplaceLineEndings(" "));
    }

    [Fact]
    public void Run_TailProcessThatComesAndGoes_EveryAnswerIsTheTailsOrTheStandbyExits()
    {
        const int count = 2000, seed = 733, tailCount = 3;
        output.WriteLine($"seed {seed}");
        float[] whole = Logits("whole", count, "--cut", "local");
        float[] early = Logits("standby", count, "--cut", "local", "--thresholds", "1,0,0");
        var random = new Random(seed);
        // Some ten to forty requests of cut 4, and the handshake, before each kill.
        int[] killAfter = [.. Enumerable.Range(1, tailCount - 1).Select(_ => random.Next(10, 40) * KillingRelay.BytesOfCut4)];
        using var relay = new KillingRelay(package.Model, killAfter);
        Outcome run = EdgemlProcess.Run(TimeSpan.FromSeconds(300), "run", "--model", package.Model, "--data", Data, "--count", $"{count}",
            "--cut", "4", "--standby", "1", "--tail", relay.Address, "--deadline-ms", "60000",
            "--logits", package["mixed.bin"], "--json", package["mixed.json"]);
        int kills = relay.Kills;
        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        (int fallbacks, int standbys, int offloaded) = Counts("mixed.json");
        output.WriteLine($"{kills} kills, {standbys} answered by the standby exit, {offloaded} by the tail");
        Assert.InRange(kills, 1, tailCount - 1);
        // Every kill lost the request it came in the middle of; those before the first one were answered.
        Assert.True(standbys >= kills, $"{standbys} standbys, {kills} kills (seed {seed})");
        Assert.True(offloaded >= 9, $"{offloaded} offloaded (seed {seed})");
        Assert.Equal(count, standbys + offloaded);
        Assert.Equal(standbys, fallbacks);
        float[] mixed = Read("mixed.bin");
        int byStandby = 0;
        for (int task = 0; task < count; task++)
        {
            if (IsRow(mixed, early, task)) byStandby++;
            else Assert.True(IsRow(mixed, whole, task), $"task {task} was answered by nobody that is known (seed {seed})");
        }
        Assert.Equal(standbys, byStandby);
    }

    [Theory]
    [InlineData("standby exit 4 is outside 0..3", "--standby", "4", "--cut", "0")]
    [InlineData("exit 1 follows unit 6, before cut 16, and is not tried: it cannot be the standby exit", "--standby", "1")]
    [InlineData("exit 2 follows unit 9, before cut 9, and is not tried", "--standby", "2", "--cut", "9", "--thresholds", "0.5,0,0")]
    [InlineData("--standby is '0', not a side exit from 1 or 'off'", "--standby", "0", "--cut", "0")]
    [InlineData("--standby is 'early'", "--standby", "early", "--cut", "0")]
    [InlineData("--bottleneck and --standby go with --controller fixed", "--standby", "1", "--controller", "edgeml")]
    public void BadInput_OneLineAndExitCodeTwo(string expected, params string[] arguments)
    {
        Outcome outcome = EdgemlProcess.Run(
            ["run", "--model", package.Model, "--data", Data, "--json", package["bad.json"], .. arguments]);
        Assert.Equal(2, outcome.ExitCode);
        Assert.StartsWith("edgeml: ", Assert.Single(outcome.ErrorLines));
        Assert.Contains(expected, outcome.Error);
        Assert.False(File.Exists(package["bad.json"]));
    }

    static bool IsRow(float[] one, float[] other, int task)
    {
        for (int i = task * Classes; i < (task + 1) * Classes; i++)
            if (Math.Abs(one[i] - other[i]) > 1e-4) return false;
        return true;
    }

    (int Fallbacks, int Standbys, int Offloaded) Counts(string name)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(package[name]));
        int Count(string key) => json.RootElement.GetProperty(key).GetInt32();
        return (Count("fallbacks"), Count("standbys"), Count("offloaded"));
    }

    float[] Logits(string name, int count, params string[] more)
    {
        Outcome outcome = EdgemlProcess.Run(TimeSpan.FromSeconds(120),
            ["run", "--model", package.Model, "--data", Data, "--count", $"{count}", "--logits", package[$"{name}.bin"], .. more]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        return Read($"{name}.bin");
    }

    float[] Read(string name) => MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(package[name])).ToArray();
}
