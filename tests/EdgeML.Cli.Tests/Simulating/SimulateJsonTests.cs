using System.Text.Json;
using EdgeML.Cli.Simulating;
using EdgeML.Simulation.Replay;
using EdgeML.Simulation.Tests.Replay;

namespace EdgeML.Cli.Tests.Simulating;

public class SimulateJsonTests
{
    static JsonElement Json(params ReplayResult[] results) =>
        JsonSerializer.SerializeToElement(SimulateJson.Of(new ReplayPool(results)), SimulateJsonContract.Default.SimulateJson);

    static ReplayResult Run(int seed) =>
        TinyReplay.Run(TinyReplay.Scenario(tasks: 40, threshold: 0.5f, cut: 1) with { ComputeJitter = 0.1 }, seed: seed);

    static string[] Keys(JsonElement element) => [.. element.EnumerateObject().Select(property => property.Name)];

    [Fact]
    public void Seed_EveryColumn_StandsUnderItsNameInOrder()
    {
        ReplayResult result = Run(seed: 3);
        JsonElement seed = Json(result).GetProperty("seeds")[0];

        string[] columns = [.. ReplayMetrics.Columns.Select(column => column.Name)];
        Assert.Equal(["seed", .. columns, "cannotBeMet", "reasons", "decisions", "decisionsLeftOut"], Keys(seed));
        Assert.Equal(3, seed.GetProperty("seed").GetInt32());
        foreach ((string name, Func<ReplayMetrics, double> value) in ReplayMetrics.Columns)
        {
            double expected = value(result.Metrics);
            double? written = seed.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;
            Assert.Equal(double.IsFinite(expected) ? Math.Round(expected, 9) : null, written);
        }
    }

    [Fact]
    public void Pooled_TwoSeeds_HasMeansAndTheirIntervals()
    {
        var pool = new ReplayPool([Run(seed: 1), Run(seed: 2)]);
        JsonElement pooled = Json([.. pool.Results]).GetProperty("pooled");

        string[] columns = [.. ReplayMetrics.Columns.Select(column => column.Name)];
        Assert.Equal([.. columns, "ci95"], Keys(pooled));
        Assert.Equal(columns, Keys(pooled.GetProperty("ci95")));
        (double mean, double half) = pool.Of(metrics => metrics.MeanLatencyMs);
        Assert.Equal(mean, pooled.GetProperty("meanLatencyMs").GetDouble(), 9);
        double[] interval = [.. pooled.GetProperty("ci95").GetProperty("meanLatencyMs").EnumerateArray().Select(end => end.GetDouble())];
        Assert.Equal([Math.Round(mean - half, 9), Math.Round(mean + half, 9)], interval);
    }

    [Fact]
    public void Pooled_OneSeed_HasNoIntervals() =>
        Assert.All(
            Json(Run(seed: 1)).GetProperty("pooled").GetProperty("ci95").EnumerateObject(),
            interval => Assert.Equal(JsonValueKind.Null, interval.Value.ValueKind));
}
