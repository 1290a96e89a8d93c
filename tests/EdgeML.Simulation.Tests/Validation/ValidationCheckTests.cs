using System.Net;
using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Telemetry;
using EdgeML.Server;
using EdgeML.Server.Configuration;
using EdgeML.Simulation.Tests.Scenarios;
using EdgeML.Simulation.Validation;
using EdgeML.Training.Data;

namespace EdgeML.Simulation.Tests.Validation;

public sealed class ValidationCheckTests(ShippedModel shipped) : IClassFixture<ShippedModel>
{
    [Fact]
    public void Run_OverARelay_SimulatesTheWayEveryLiveTaskTook()
    {
        using var server = new TailServer(
            new ModelTailExecutor(shipped.Model, shipped.Machine),
            new TailServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) });
        var check = new ValidationCheck(shipped.Model, DataSpec.Parse("shapes:seed=4711,difficulty=mixed"), new ValidationSettings
        {
            Policies = 4,
            Tasks = 10,
            Rounds = 2,
            EdgeSlowdown = 5,
            PayloadMbps = 40,
            RelayMbps = 40,
            RttMs = 4,
        });
        int told = 0;
        ValidationReport report = check.Run(server.EndPoint, done => told = done, CancellationToken.None);
        Assert.Equal(check.LiveTasks, told);
        Assert.Equal(4, report.Rows.Count);
        foreach (ValidationRow row in report.Rows)
        {
            Assert.Equal(row.Live.Select(task => task.Offloaded), row.Simulated.Select(task => task.Offloaded));
            // What eight bits round away may move an input from one exit of the tail to another.
            if (row.Policy.Codec != TensorEncoding.Int8)
                Assert.Equal(row.Live.Select(task => task.Exit), row.Simulated.Select(task => task.Exit));
            // Nothing is faster than the model says but by what a clock may be off; how much slower depends on what else this machine does.
            Assert.All(row.Live.Zip(row.Simulated), pair => Assert.True(pair.First.LatencyMs > 0.8 * pair.Second.LatencyMs, $"{pair}"));
        }
        // The client takes off what the transfer itself took, as the tail saw it, which on a busy machine is too much.
        Assert.InRange(report.Link.RttMs, 1, 400);
    }

    [Fact]
    public void Choose_TwelvePolicies_AreDifferentAndNoMedianIsBetweenTwoExits()
    {
        IReadOnlyList<ValidationPolicy> policies = ValidationPolicy.Choose(shipped.Manifest, shipped.Calibration, 12);
        Assert.Equal(12, policies.Distinct().Count());
        Assert.Contains(policies, policy => policy.Codec == TensorEncoding.Float16);
        Assert.Contains(policies, policy => policy.Codec == TensorEncoding.Int8);
        Assert.Contains(policies, policy => policy.Policy.Cut == shipped.Manifest.LocalCut);
        Assert.Contains(policies, policy => policy.Policy.Cut == 0);
        foreach (ValidationPolicy policy in policies)
        {
            for (int exit = 1; exit <= shipped.Manifest.SideExits; exit++)
                Assert.True(Math.Abs(LeftBy(exit, policy.Policy.Thresholds[0]) - 0.5) > 0.05, policy.Name(shipped.Manifest.LocalCut));
        }
    }

    [Fact]
    public void Choose_MoreThanThereAre_SaysHowManyThereAre()
    {
        string message = Assert.Throws<ArgumentException>(
            () => ValidationPolicy.Choose(shipped.Manifest, shipped.Calibration, 1000)).Message;
        Assert.StartsWith("1000 policies, ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_Page_HoldsVerdictAndARowForEveryPolicy()
    {
        IReadOnlyList<ValidationPolicy> policies = ValidationPolicy.Choose(shipped.Manifest, shipped.Calibration, 2);
        ValidationTask[] live = [.. Enumerable.Range(1, 9).Select(i => new ValidationTask(4, true, 40 + i, 10, 25, 5 + i))];
        ValidationTask[] near = [new ValidationTask(4, true, 44, 10, 25, 9)];
        ValidationTask[] far = [new ValidationTask(4, true, 60, 10, 41, 9)];
        var report = new ValidationReport(
            new ValidationSettings { PayloadMbps = 8 }, [new ValidationRow(policies[0], live, near), new ValidationRow(policies[1], live, far)],
            LinkSnapshot.None, 29, (1, 1), 1);
        using var page = new StringWriter();
        ValidationPage.Write(page, report, shipped.Manifest, new ValidationPage.Origin("edgeml validate-simulator", "a machine", "a link"));
        Assert.Contains("**FAILS: simulated median latency within 10 % of the live one for 1 of 2 policies, ", page.ToString());
        Assert.Contains("worst ratio 1.333.**", page.ToString());
        Assert.Contains("| 100 % |     45.0 |     49.0 |    44.0 |    44.0 | 0.978 | holds   |", page.ToString());
        Assert.Contains("| 1.333 | DIFFERS |", page.ToString());
        Assert.Contains("| 10.00 / 10.00 | 25.00 / 41.00 | 10.00 / 9.00 |", page.ToString());
    }

    double LeftBy(int exit, float threshold)
    {
        ExitCalibration samples = shipped.Calibration;
        return Enumerable.Range(0, samples.Samples)
            .Count(sample => Enumerable.Range(1, exit).Any(at => samples.Entropy(sample, at) < threshold)) / (double)samples.Samples;
    }
}
