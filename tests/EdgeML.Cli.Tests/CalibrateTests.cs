using System.Globalization;
using System.Text;
using System.Text.Json;
using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Tests;

public sealed class CalibrateTests(ShippedPackage package, ITestOutputHelper output) : IClassFixture<ShippedPackage>
{
    /// <summary>Four exits of which the first is wrong wherever it is unsure; the last is right always.</summary>
    string Recorded(int samples)
    {
        var text = new StringBuilder("index,label,pred1,entropy1,pred2,entropy2,pred3,entropy3,pred4,entropy4\n");
        for (int i = 0; i < samples; i++)
        {
            double entropy = i * 7919 % samples / (double)samples;
            string line = string.Create(
                CultureInfo.InvariantCulture, $"{i},1,{(entropy > 0.3 ? 2 : 1)},{entropy:0.00000},1,{entropy / 2:0.00000},1,{entropy / 4:0.00000},1,0\n");
            text.Append(line);
        }
        string path = package[$"exits-{samples}.csv"];
        File.WriteAllText(path, text.ToString());
        return path;
    }

    [Fact]
    public void Calibrate_RecordedExits_LimitsRunsUntilToldOtherwise()
    {
        string json = package["promise-report.json"], run = package["run.json"];
        Outcome made = EdgemlProcess.Run("calibrate", package.Model, "--exits", Recorded(2000), "--max-loss", "1", "--json", json);
        output.WriteLine(made.Output + made.Error);
        Assert.Equal(0, made.ExitCode);
        using JsonDocument report = JsonDocument.Parse(File.ReadAllBytes(json));
        Assert.InRange(report.RootElement.GetProperty("limits")[0].GetDouble(), 0.2, 0.32);
        Assert.True(report.RootElement.GetProperty("lost").GetInt32() <= report.RootElement.GetProperty("lossesAllowed").GetInt32());

        string[] command = ["run", "--model", package.Model, "--data", "shapes:seed=5,difficulty=easy", "--count", "50", "--thresholds",
            "1,1,1", "--json", run];
        Outcome kept = EdgemlProcess.Run(command);
        output.WriteLine(kept.Output + kept.Error);
        Assert.Equal(0, kept.ExitCode);
        using (JsonDocument result = JsonDocument.Parse(File.ReadAllBytes(run)))
        {
            Assert.Equal(report.RootElement.GetProperty("digest").GetString(),
                result.RootElement.GetProperty("promise").GetProperty("digest").GetString());
            Assert.True(result.RootElement.GetProperty("exits")[0].GetProperty("count").GetInt32() < 50);
        }
        Assert.Equal(0, EdgemlProcess.Run([.. command, "--promise", "ignore"]).ExitCode);
        using JsonDocument free = JsonDocument.Parse(File.ReadAllBytes(run));
        Assert.Equal(JsonValueKind.Null, free.RootElement.GetProperty("promise").ValueKind);
        Assert.Equal(50, free.RootElement.GetProperty("exits")[0].GetProperty("count").GetInt32());
    }

    [Fact]
    public void Calibrate_CheckDraws_PrintsHowOftenAndWritesNothing()
    {
        string json = package["check.json"];
        Outcome check = EdgemlProcess.Run(
            "calibrate", package.Model, "--exits", Recorded(1000), "--max-loss", "2", "--labels", "none", "--check-draws", "20", "--json",
            json);
        output.WriteLine(check.Output + check.Error);
        Assert.Equal(0, check.ExitCode);
        Assert.Contains("20 draws of 1000 with replacement", check.Output, StringComparison.Ordinal);
        using JsonDocument report = JsonDocument.Parse(File.ReadAllBytes(json));
        Assert.InRange(report.RootElement.GetProperty("shareOfHindsight").GetDouble(), 0.5, 1.05);
    }

    [Theory]
    [InlineData("takes samples either from --data or from --exits")]
    [InlineData("300 samples cannot promise at most 0.5 points lost at 95 %, at least 797 are needed", "--exits", "?")]
    [InlineData("--max-loss is 200 points, not below 100", "--max-loss", "200", "--exits", "?")]
    public void Calibrate_ImpossibleGuarantees_AreRefusedInOneLine(string message, params string[] options)
    {
        string exits = Recorded(300);
        Outcome refused = EdgemlProcess.Run(["calibrate", package.Model, .. options.Select(option => option == "?" ? exits : option)]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains(message, Assert.Single(refused.ErrorLines), StringComparison.Ordinal);
    }
}
