namespace EdgeML.Native.Control.Learning;

/// <summary>Settings of DDPG; the defaults are the project's (algorithms follow Lillicrap et al. 2015).</summary>
sealed record DdpgOptions
{
    /// <summary>Width of both hidden layers of both nets.</summary>
    public int Hidden { get; init; } = 64;

    /// <summary>Adam's rate for the actor.</summary>
    public float ActorRate { get; init; } = 1e-4f;

    /// <summary>Adam's rate for the critic.</summary>
    public float CriticRate { get; init; } = 1e-3f;

    /// <summary>Discount of the next decision's value.</summary>
    public float Discount { get; init; } = 0.9f;

    /// <summary>Share by which target nets follow.</summary>
    public float Tau { get; init; } = 0.01f;

    /// <summary>Transitions kept.</summary>
    public int Capacity { get; init; } = 10_000;

    /// <summary>Transitions an update learns from.</summary>
    public int Batch { get; init; } = 64;

    /// <summary>Transitions before the first update.</summary>
    public int WarmUp { get; init; } = 64;

    /// <summary>Updates per decision.</summary>
    public int UpdatesPerDecision { get; init; } = 1;

    /// <summary>Share of a batch that another device's transitions fill at first.</summary>
    public double SourceShare { get; init; } = 0.5;

    /// <summary>Updates from another device's transitions alone, before the first decision.</summary>
    public int SourceUpdates { get; init; }

    /// <summary>Pull of the exploration noise to 0.</summary>
    public double NoiseTheta { get; init; } = 0.15;

    /// <summary>Size of the noise at the start.</summary>
    public double NoiseSigma { get; init; } = 0.2;

    /// <summary>Factor on the size a decision.</summary>
    public double NoiseDecay { get; init; } = 0.999;

    /// <summary>Size the noise keeps.</summary>
    public double NoiseFloor { get; init; } = 0.02;

    /// <summary>0: the actor's output is the action. Above 0: the last inputs of the state are a reference action, and the output moves
    /// it by at most this much to either side.</summary>
    public float ResidualScale { get; init; }

    /// <summary>Weight of staying at the reference action (behaviour cloning) at the start.</summary>
    public float CloningWeight { get; init; }

    /// <summary>Updates until that weight has shrunk to 0.</summary>
    public int CloningUpdates { get; init; } = 200;
}
