using EdgeML.Native.Offload.Tails;

namespace EdgeML.Native.Tests.Offload.Tails;

public class TailHealthTests
{
    readonly Clock _clock = new();

    [Fact]
    public void ThreeFailuresInARow_EjectForAWhile_OneAfterItAgainForTwiceAsLong()
    {
        var health = new TailHealth(_clock);
        health.Failed();
        health.Failed();
        Assert.False(health.IsEjected);
        health.Failed();
        Assert.True(health.IsEjected);
        _clock.Pass(seconds: 0.9);
        Assert.True(health.IsEjected);
        _clock.Pass(seconds: 0.2);
        Assert.False(health.IsEjected); // on trial
        health.Failed();
        Assert.True(health.IsEjected);
        _clock.Pass(seconds: 1.9);
        Assert.True(health.IsEjected);
        _clock.Pass(seconds: 0.2);
        Assert.False(health.IsEjected);
        Assert.Equal(2, health.Ejections);
    }

    [Fact]
    public void Rests_EndAfterAMinuteAtMost()
    {
        var health = new TailHealth(_clock);
        for (int i = 0; i < 40; i++)
        {
            while (!health.IsEjected) health.Failed();
            _clock.Pass(seconds: 61);
            Assert.False(health.IsEjected, $"ejection {i + 1}");
        }
    }

    [Fact]
    public void AnswersInBetween_KeepATailThatFailsNowAndThen()
    {
        var health = new TailHealth(_clock);
        for (int i = 0; i < 300; i++)
        {
            if (i % 3 == 0) health.Failed();
            else health.Answered();
            Assert.False(health.IsEjected, $"after task {i}");
        }
    }

    [Fact]
    public void FailuresOfRequestsThatWereOnTheWay_DoNotProlongARest()
    {
        var health = new TailHealth(_clock);
        for (int i = 0; i < 30; i++) health.Failed();
        Assert.Equal(1, health.Ejections);
        _clock.Pass(seconds: 1.1);
        Assert.False(health.IsEjected);
    }

    [Fact]
    public void TwentyAnswers_ForgetEarlierEjections()
    {
        var health = new TailHealth(_clock);
        for (int round = 0; round < 3; round++)
        {
            while (!health.IsEjected) health.Failed();
            _clock.Pass(seconds: 1.1);
            Assert.False(health.IsEjected, $"round {round}");
            for (int i = 0; i < 20; i++) health.Answered();
        }
    }

    sealed class Clock : TimeProvider
    {
        long _now;

        public override long TimestampFrequency => 1_000_000;

        public override long GetTimestamp() => _now;

        public void Pass(double seconds) => _now += (long)(seconds * TimestampFrequency);
    }
}
