using System.Text.Json;
using EdgeML.Simulation.Links;

namespace EdgeML.Cli.Tests;

public sealed class ValidationTests(ShippedPackage package) : IClassFixture<ShippedPackage>
{
    [Fact]
    public void Validation_UserShaper_WritesPageAndJson()
    {
        Outcome outcome = EdgemlProcess.Run(
            "validate-simulator", "--model", package.Model, "--shaper", "user", "--policies", "3", "--tasks", "6", "--link", "40", "--rtt-ms", "3",
            "--edge-slowdown", "5", "--out", package["validation.md"], "--json", package["validation.json"]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Contains(" of 3 policies", outcome.Output, StringComparison.Ordinal);
        Assert.StartsWith("# Simulator against live system", File.ReadAllText(package["validation.md"]), StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(package["validation.json"]));
        Assert.Equal("user", json.RootElement.GetProperty("shaper").GetString());
        Assert.Equal(40, json.RootElement.GetProperty("payloadMbps").GetDouble());
        JsonElement[] policies = [.. json.RootElement.GetProperty("policies").EnumerateArray()];
        Assert.Equal(3, policies.Length);
        Assert.All(policies, policy => Assert.True(policy.GetProperty("liveMs").GetProperty("p50").GetDouble() > 0));
        Assert.All(policies, policy => Assert.True(policy.GetProperty("simulatedMs").GetProperty("p50").GetDouble() > 0));
    }

    [Fact]
    public void Validation_KernelShaper_TerminatedHalfWay_RemovesNamespaceAndTail()
    {
        SkipWithoutNamespaces();
        using ChildProcess run = EdgemlProcess.Start(
            "validate-simulator", "--model", package.Model, "--shaper", "tbf", "--tasks", "5000", "--json", package["never.json"]);
        string space = $"/run/netns/edgeml-{run.Id}";
        SpinWait.SpinUntil(() => run.HasExited || File.Exists(space), TimeSpan.FromSeconds(60));
        Assert.True(File.Exists(space), run.HasExited ? run.Stop().Error : "no namespace after 60 s");
        run.Send(Signals.Terminate);
        Assert.Equal(143, run.WaitForEnd(TimeSpan.FromSeconds(30)).ExitCode);
        Assert.False(File.Exists(space));
        Assert.False(File.Exists(package["never.json"]));
    }

    [Fact]
    public void Validation_KernelShaper_RunsThroughTheNamespace()
    {
        SkipWithoutNamespaces();
        Outcome outcome = EdgemlProcess.Run(
            "validate-simulator", "--model", package.Model, "--shaper", "tbf", "--policies", "2", "--tasks", "4", "--link", "40", "--rtt-ms", "3",
            "--edge-slowdown", "5", "--json", package["tbf.json"]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(package["tbf.json"]));
        Assert.Equal("tbf", json.RootElement.GetProperty("shaper").GetString());
        Assert.InRange(json.RootElement.GetProperty("measuredMbps").GetDouble(), 1, 80);
    }

    static void SkipWithoutNamespaces()
    {
        string? reason = ShapedNamespace.WhyNot();
        if (reason is null)
        {
            try
            {
                ShapedNamespace.Create(8).Dispose();
            }
            catch (InvalidOperationException error)
            {
                reason = error.Message;
            }
        }
        if (reason is not null) Assert.Skip(reason);
    }
}
