using EdgeML.Native.Control.Costs;

namespace EdgeML.Simulation.Worlds;

/// <summary>The truth about spreads and transfers: the distribution of the jitter, and the rates a transfer will meet on its way.</summary>
sealed class TruePredictor(VirtualWorld world) : InTimePredictor
{
    /// <summary>Steps in which a changing rate is followed, and how far.</summary>
    const double StepSeconds = 0.001, HorizonSeconds = 0.25;

    readonly double[] _sentBits = new double[(int)(HorizonSeconds / StepSeconds) + 1];

    /// <summary>Looks along the link from a moment on.</summary>
    public void Look(double now, int task)
    {
        for (int i = 1; i < _sentBits.Length; i++)
        {
            double rate = Math.Max(0, world.Link(now + ((i - 1) * StepSeconds), task).RateBitsPerSecond);
            _sentBits[i] = _sentBits[i - 1] + (rate * StepSeconds);
        }
    }

    public override double SendMs(double edgeMs, double bytes)
    {
        int start = Math.Min((int)(edgeMs / 1000 / StepSeconds), _sentBits.Length - 1);
        double target = _sentBits[start] + (8 * bytes);
        if (target > _sentBits[^1]) return 1e6;
        int at = Array.BinarySearch(_sentBits, start, _sentBits.Length - start, target);
        if (at < 0) at = ~at;
        double into = _sentBits[at] > _sentBits[at - 1] ? (target - _sentBits[at - 1]) / (_sentBits[at] - _sentBits[at - 1]) : 1;
        return (at - 1 - start + into) * StepSeconds * 1000;
    }

    public override double ShareSentWithin(double edgeMs, double bytes, double ms) => SendMs(edgeMs, bytes) <= ms ? 1 : 0;
}
