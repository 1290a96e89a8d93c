namespace EdgeML.Native.Control.Observations;

/// <summary>How often a controller is asked.</summary>
public static class ControlIntervals
{
    /// <summary>q, action intervals in the state interval.</summary>
    public const int StateIntervals = 3;

    /// <summary>N_max, the most tasks a policy stays in force without being asked again.</summary>
    public const int MaxInterval = 5;
}
