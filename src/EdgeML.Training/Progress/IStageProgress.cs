namespace EdgeML.Training.Progress;

/// <summary>Progress of a run in stages; from one thread at a time.</summary>
interface IStageProgress
{
    /// <summary>A stage begins, with so many steps, of which some may be done already.</summary>
    void Begin(string what, long total, long done = 0);

    /// <summary>So many steps of the stage are done.</summary>
    void Report(long done);

    /// <summary>The stage is over.</summary>
    void End();
}
