using EdgeML.Native.Control;
using EdgeML.Native.Control.Adaptive;
using EdgeML.Native.Inference;
using EdgeML.Native.Tests.Control.Rivals;

namespace EdgeML.Native.Tests.Control;

public class LearnedOutlookTests
{
    static readonly CostModel s_model = TinyWorld.Model();

    [Fact]
    public void Observe_MissedAnswer_IsAsOldAsTheLastByteAndNotAsTheAnswer()
    {
        // 40 ms of waiting from second 10 on, then 300 ms of computing here.
        var outlook = new LearnedOutlook(s_model);
        var record = new TaskRecord
        {
            Policy = new ExitPolicy(new float[s_model.SideExits], 0),
            Exit = s_model.Exits,
            Fallback = true,
            LatencyMs = 340,
            EdgeMs = 300,
            WireMs = 40,
            BytesSent = 1000,
            RateBitsPerSecond = double.NaN,
            FirstEntropy = float.NaN,
            TimeSeconds = 10.34,
        };
        outlook.Observe(record, 0, out _, out _);
        Assert.Equal(10.04, outlook.Rates.LastTime, 9);
    }

    [Fact]
    public void Observe_AnswerOfTheTail_IsAsOldAsTheLastByte()
    {
        // 10 ms of sending, 20 of round trip, 5 of computing and 3 of waiting there.
        var outlook = new LearnedOutlook(s_model);
        var record = new TaskRecord
        {
            Policy = new ExitPolicy(new float[s_model.SideExits], 0),
            Exit = s_model.Exits,
            Offloaded = true,
            LatencyMs = 38,
            WireMs = 30,
            TailMs = 5,
            QueueMs = 3,
            BytesSent = 1000,
            RateBitsPerSecond = 800_000,
            FirstEntropy = float.NaN,
            TimeSeconds = 2.038,
        };
        outlook.Observe(record, 28, out _, out _);
        Assert.Equal(2.01, outlook.Rates.LastTime, 9);
    }
}
