using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Tests.Control.Costs;

/// <summary>A network that exists on paper only: twelve units, side exits after units 3, 6 and 9, samples of known difficulty.</summary>
static class SyntheticModel
{
    static readonly long[] s_bytes = [27648, 131072, 65536, 32768, 65536, 32768, 16384, 32768, 16384, 8192, 8192, 4096, 0];

    public static ModelManifest Manifest(int sideExits = 3)
    {
        int units = s_bytes.Length - 1;
        return new ModelManifest
        {
            Name = "synthetic",
            Hash = "sha256:0",
            Input = new InputInfo([3, 96, 96], "float32", 1 / 255.0),
            Classes = 10,
            Units = [.. Enumerable.Range(1, units).Select(i => new UnitInfo(i, $"unit{i}", 1_000_000, s_bytes[i], [1]))],
            Cuts = [.. Enumerable.Range(0, units + 1).Select(k => new CutInfo(k, s_bytes[k], k % 3 == 0 || k == 11, $"t{k}"))],
            Exits =
            [
                .. Enumerable.Range(1, sideExits)
                    .Select(j => new ExitInfo(j, $"exit{j}", (j * (units - 1) / (sideExits + 1)) + 1, 100_000, 2)),
                new ExitInfo(sideExits + 1, "final", units, 0, 1),
            ],
        };
    }

    /// <summary>A guarantee with one limit for all three exits; 1 binds no threshold.</summary>
    public static AccuracyGuarantee Guarantee(float limit) => new()
    {
        Model = "sha256:0",
        MaxLoss = 0.005,
        Confidence = 0.95,
        Labelled = true,
        Limits = [limit, limit, limit],
        DiffersAtMost = 0.01,
        Samples = 1000,
        Losses = 1,
        Source = "test",
    };

    public static DeviceProfile Edge(double unitMs = 5, int sideExits = 3) => new()
    {
        Device = "edge",
        UnitMs = [.. Enumerable.Range(1, s_bytes.Length - 1).Select(i => unitMs * (1 + (0.1 * (i % 3))))],
        HeadMs = [.. Enumerable.Repeat(0.3 * unitMs, sideExits)],
        Power = new PowerModel(2, 8, 1.2),
    };

    /// <summary>Samples whose difficulty is drawn from low..high; exit j is surer and right more often than exit j - 1.</summary>
    public static ExitCalibration Samples(int count, int seed, double low = 0, double high = 1, int sideExits = 3)
    {
        var random = new Random(seed);
        int exits = sideExits + 1;
        var entropies = new float[count * exits];
        var correct = new bool[count * exits];
        for (int i = 0; i < count; i++)
        {
            double difficulty = low + ((high - low) * random.NextDouble());
            for (int exit = 1; exit <= exits; exit++)
            {
                double depth = (double)exit / exits;
                double entropy = Math.Clamp((difficulty * (1.25 - (0.8 * depth))) + (0.08 * (random.NextDouble() - 0.5)), 0.001, 0.999);
                entropies[(i * exits) + exit - 1] = (float)entropy;
                correct[(i * exits) + exit - 1] = random.NextDouble() > 0.9 * entropy;
            }
        }
        return new ExitCalibration(exits, entropies, correct, $"synthetic seed {seed}", labelled: true);
    }
}
