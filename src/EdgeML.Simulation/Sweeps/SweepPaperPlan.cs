using EdgeML.Native.Control.Controllers;
using EdgeML.Simulation.Baselines;

namespace EdgeML.Simulation.Sweeps;

/// <summary>The paper's scenarios, without model error and shift of inputs: as they are named everywhere, at the paper's length, and with
/// the sizes its program sends.</summary>
/// <remarks>
/// The paper counts epochs of 1 to 5 tasks and compares over 5,000 of them (S3 and S6: 1,000); at three tasks per epoch these are 15,000
/// tasks and 3,000. Its program sends tensors as JSON text, several times the bytes of float32: four times the bytes take as long as a
/// quarter of the rates.
/// </remarks>
static class SweepPaperPlan
{
    public const string S2 = "S2", S2Epochs = "S2 epochs", S2Text = "S2 text";
    public const string S3 = "S3", S3Epochs = "S3 epochs", S3Text = "S3 text", S6 = "S6";

    /// <summary>The paper's rows scatter by tens of points between seeds. Long runs scatter less and take longer.</summary>
    const int SeedFactor = 4, LongSeedFactor = 2, LongTasks = 10_000;

    /// <summary>The paper's bounds on its two devices, and on the TX2 one that the first low period exceeds, as the paper's does its
    /// own.</summary>
    static readonly SweepSetting[] s_settings = [SweepSetting.All[0], new("tx2", 100, 0.5), SweepSetting.All[^1]];

    static readonly (string Name, string Spec, int Tasks)[] s_links =
    [
        (S2, "paper:s2", 2500),
        (S2Epochs, "square:15,6,tasks=1500", 15_000),
        (S2Text, "square:3.75,1.5,tasks=500", 2500),
        (S3, "paper:s3", 1000),
        (S3Epochs, "steps:15,7@600,15@1200,7@1800,15@2400", 3000),
        (S3Text, "steps:3.75,1.75@200,3.75@400,1.75@600,3.75@800", 1000),
    ];

    static readonly string[] s_rows =
    [
        .. SweepPlan.EverywhereRows, BaselineControllers.Neurosurgeon, BaselineControllers.Nsga3,
        BaselineControllers.Nsga3Stale, PolicyControllers.DdpgFirst, PolicyControllers.DdpgLast,
    ];

    /// <summary>The cells; S6 goes from the paper's TX2 to its Nano.</summary>
    public static IEnumerable<SweepCell> Cells(SweepCells make)
    {
        foreach (SweepSetting setting in s_settings)
        {
            foreach ((string name, string spec, int tasks) in s_links)
            {
                yield return make.Make(SweepPart.Paper, name, spec, tasks, setting, s_rows) with
                {
                    SeedFactor = tasks > LongTasks ? LongSeedFactor : SeedFactor,
                };
            }
        }
        const string Drop = "steps:15,7@1200,15@1800";
        SweepCell source = make.Make(SweepPart.Paper, S6, Drop, 3000, SweepSetting.All[0], []);
        yield return make.Make(SweepPart.Paper, S6, Drop, 3000, SweepSetting.All[^1],
            [.. SweepPlan.EverywhereRows, SweepTransfer.Mixed, SweepTransfer.Rehearsed]) with
        {
            SeedFactor = SeedFactor,
            Source = source.Scenario,
        };
    }
}
