using EdgeML.Native.Control.Costs;

namespace EdgeML.Native.Tests.Control.Costs;

/// <summary>A predictor whose answers are given: how long sending takes on average, and how likely it is through in time.</summary>
/// <param name="sendMs">What sending some bytes is expected to take.</param>
/// <param name="share">The probability that some bytes are through in so many milliseconds.</param>
sealed class KnownPredictor(Func<double, double> sendMs, Func<double, double, double> share) : InTimePredictor
{
    /// <summary>Every transfer takes so long, and is through in time with the same chance, whatever the time.</summary>
    public static KnownPredictor Chance(double chance, double sendMs) => new(_ => sendMs, (_, _) => chance);

    /// <summary>Milliseconds per byte that are exponentially distributed around a mean.</summary>
    public static KnownPredictor Exponential(double msPerByte) => new(
        bytes => bytes * msPerByte * Math.Log(2), (bytes, ms) => 1 - Math.Exp(-ms / (bytes * msPerByte)));

    public override double SendMs(double edgeMs, double bytes) => sendMs(bytes);

    public override double ShareSentWithin(double edgeMs, double bytes, double ms) => ms <= 0 ? 0 : share(bytes, ms);
}
