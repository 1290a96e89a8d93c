using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Tests.Replay;

/// <summary>Two units of 20 and 30 ms, one head of 5 ms between them, a tail ten times as fast; an easy sample and a hard one.</summary>
static class TinyReplay
{
    public const string Profile =
        """
        kind,index,name,after_unit,mmac,out_bytes_fp32,edge_ms_slow,edge_ms_fast,cloud_ms
        input,0,image,,0,4000,0,0,0
        unit,1,first,,1,4000,20,2,2
        unit,2,second,,2.5,40,30,3,3
        head,1,early,1,0.1,40,5,0.5,0.5

        """;

    public const string Exits =
        """
        index,label,pred1,entropy1,pred2,entropy2
        0,7,7,0.1,7,0.01
        1,4,2,0.9,4,0.2

        """;

    /// <summary>Request bytes of cut 0 and cut 1: the input's bytes or the tensor, and the frame.</summary>
    public const double InputBytes = 1000 + CostModel.FrameBytes, TensorBytes = 4000 + CostModel.FrameBytes;

    public static ReplayProfile Network => ProfileFile.Parse(new StringReader(Profile), "tiny.csv", "slow");

    public static ExitCalibration Samples => ExitsFile.Parse(new StringReader(Exits), "tiny-exits.csv");

    /// <summary>8 Mbps, so that 1000 bytes take a millisecond, and a round trip of 10 ms; nothing random, decisions free.</summary>
    public static ReplayScenario Scenario(int tasks, float threshold, int cut, Requirements? bounds = null, string link = "constant:8") =>
        new(Network, Samples)
        {
            Link = LinkCourse.Parse(link, rttMs: 10),
            Bounds = bounds ?? new Requirements(1000, double.PositiveInfinity),
            Tasks = tasks,
            ComputeJitter = 0,
            DecisionMicros = 0,
            DeadlineMs = 1000,
            FixedPolicy = new ExitPolicy([threshold], cut, ControlIntervals.MaxInterval),
        };

    public static ReplayResult Run(ReplayScenario scenario, string controller = PolicyControllers.Fixed, int seed = 1) =>
        ReplayRunner.Run(scenario, controller, seed);

    /// <summary>Latencies of the easy and the hard sample, each the same whenever it comes.</summary>
    public static (double Easy, double Hard) Latencies(ReplayResult result)
    {
        double[] easy = Of(1), hard = Of(2);
        return (easy.Distinct().Single(), hard.Distinct().Single());

        double[] Of(int exit) =>
            [.. result.Run.Records.Where(record => record.Exit == exit).Select(record => Math.Round(record.LatencyMs, 6))];
    }
}
