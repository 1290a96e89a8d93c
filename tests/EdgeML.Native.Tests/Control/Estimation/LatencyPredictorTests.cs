using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Estimation;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Control.Controllers;

namespace EdgeML.Native.Tests.Control.Estimation;

public class LatencyPredictorTests
{
    static readonly CostModel s_model = TinyWorld.Model();

    [Fact]
    public void Observe_MissedAnswer_IsAsOldAsTheLastByteAndNotAsTheAnswer()
    {
        // 40 ms of waiting from second 10 on, then 300 ms of computing here.
        var record = new TaskRecord
        {
            Fallback = true,
            LatencyMs = 340,
            EdgeMs = 300,
            WireMs = 40,
            RateBitsPerSecond = double.NaN,
            TimeSeconds = 10.34,
        };
        Assert.Equal(10.04, LastTimeAfter(record, expectedRestMs: 0), 9);
    }

    [Fact]
    public void Observe_AnswerOfTheTail_IsAsOldAsTheLastByte()
    {
        // 10 ms of sending, 20 of round trip, 5 of computing and 3 of waiting there.
        var record = new TaskRecord
        {
            Offloaded = true,
            LatencyMs = 38,
            WireMs = 30,
            TailMs = 5,
            QueueMs = 3,
            RateBitsPerSecond = 800_000,
            TimeSeconds = 2.038,
        };
        Assert.Equal(2.01, LastTimeAfter(record, expectedRestMs: 28), 9);
    }

    /// <summary>When the link was last measured, after one task that sent 1,000 bytes of the input.</summary>
    static double LastTimeAfter(TaskRecord record, double expectedRestMs)
    {
        record.Policy = new ExitPolicy(new float[s_model.SideExits], 0);
        (record.Exit, record.BytesSent, record.FirstEntropy) = (s_model.Exits, 1000, float.NaN);
        var predictor = new LatencyPredictor(s_model);
        predictor.Observe(record, expectedRestMs, out _, out _);
        return predictor.Rates.LastTime;
    }
}
