namespace EdgeML.Native.Control.Learning;

/// <summary>Where a learning controller learns.</summary>
public enum LearningMode
{
    /// <summary>On the caller, one update a decision: the same seed gives the same trajectory. For tests and replay.</summary>
    Inline = 0,

    /// <summary>On its own thread within a budget of processor time; never blocks a task. For live use.</summary>
    Background = 1,
}
