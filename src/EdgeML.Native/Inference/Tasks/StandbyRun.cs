namespace EdgeML.Native.Inference.Tasks;

/// <summary>How far the edge has come with its standby exit, and what that exit says.</summary>
struct StandbyRun
{
    /// <summary>Units run behind the cut.</summary>
    public int Units;

    /// <summary>What they took, milliseconds.</summary>
    public double Ms;

    /// <summary>Whether there is nothing more to run.</summary>
    public bool Ended;

    /// <summary>Whether the exit has an answer; without one, after NaN logits, never.</summary>
    public bool Ready;

    public int Class;
    public float Entropy;
}
