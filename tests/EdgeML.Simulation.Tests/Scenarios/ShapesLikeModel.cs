using EdgeML.Native.Models.Manifest;

namespace EdgeML.Simulation.Tests.Scenarios;

/// <summary>A network with the shapes of shapes-vgg, times in proportion to its work, and exits that get better with depth on inputs
/// that get harder from task to task. Nothing is measured, so tests on it are the same everywhere.</summary>
static class ShapesLikeModel
{
    // Channels, side, MACs of every unit: convolutions and poolings of the shipped network.
    static readonly (int Channels, int Side, double MMacs)[] s_units =
    [
        (8, 96, 1.99), (8, 48, 0.02), (16, 48, 2.65), (16, 24, 0.01), (32, 24, 2.65), (32, 12, 0.01),
        (64, 12, 2.65), (64, 12, 5.31), (64, 6, 0.01), (128, 6, 2.65), (128, 6, 5.31), (128, 3, 0.01),
        (256, 3, 2.65), (192, 3, 3.98), (192, 1, 0.33), (10, 1, 0.002),
    ];

    static readonly int[] s_exitUnits = [6, 9, 12, 16];

    public static ModelManifest Manifest { get; } = new()
    {
        Name = "shapes-like",
        Hash = "sha256:none",
        Input = new InputInfo([3, 96, 96], "float32", 1 / 255.0),
        Classes = 10,
        Units = [.. s_units.Select((unit, i) =>
            new UnitInfo(i + 1, $"unit{i + 1}", (long)(unit.MMacs * 1e6), Floats(i) * 4L, [unit.Channels, unit.Side, unit.Side]))],
        Cuts = [.. Enumerable.Range(0,
            s_units.Length
            + 1).Select(k => new CutInfo(k, k == 0 ? 27648 : k == s_units.Length ? 0 : Floats(k - 1) * 4L,
            k is 0 or 4 or 6 or 9 or 12 or 15 or 16, $"cut{k}"))],
        Exits = [.. s_exitUnits.Select((unit, i) => new ExitInfo(i + 1, $"exit{i + 1}", unit, 20000, 2))],
    };

    public static long[] PayloadBytes { get; } = [.. Manifest.Cuts.Select(cut => cut.K == 0 ? cut.Bytes : cut.Bytes / 2)];

    /// <summary>About what one core takes: early layers cost more a MAC than late ones.</summary>
    public static DeviceProfile Machine { get; } = new()
    {
        Device = "bench",
        UnitMs = [.. s_units.Select(unit => 0.01 + (unit.MMacs * (unit.Side >= 24 ? 0.07 : 0.04)))],
        HeadMs = [0.02, 0.015, 0.015],
    };

    public static ExitCalibration Samples(int tasks, int seed)
    {
        var random = new Random(seed);
        double[] capability = [0.42, 0.60, 0.78, 1.02];
        var entropies = new float[tasks * 4];
        var correct = new bool[tasks * 4];
        for (int i = 0; i < tasks; i++)
        {
            double difficulty = Math.Clamp((i / (double)tasks) + (random.NextDouble() * 0.4) - 0.2, 0, 1), own = random.NextDouble() * 0.2;
            for (int exit = 0; exit < 4; exit++)
            {
                double margin = capability[exit] - difficulty - own;
                entropies[(i * 4) + exit] = (float)(0.98 / (1 + Math.Exp(8 * margin)));
                correct[(i * 4) + exit] = random.NextDouble() < 0.1 + (0.88 / (1 + Math.Exp(-10 * (margin + 0.1))));
            }
        }
        return new ExitCalibration(4, entropies, correct, "synthetic drift", labelled: true);
    }

    static int Floats(int unit) => s_units[unit].Channels * s_units[unit].Side * s_units[unit].Side;
}
