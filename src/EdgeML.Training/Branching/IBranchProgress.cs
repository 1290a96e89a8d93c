namespace EdgeML.Training.Branching;

/// <summary>Progress of a run; from one thread at a time.</summary>
interface IBranchProgress
{
    /// <summary>A stage begins, with so many steps of which some are done already.</summary>
    void Begin(string what, long done, long total);

    /// <summary>So many steps of the stage are done.</summary>
    void Report(long done);

    /// <summary>The stage is over.</summary>
    void End();
}
