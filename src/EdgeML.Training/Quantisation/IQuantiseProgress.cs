namespace EdgeML.Training.Quantisation;

/// <summary>Progress of a run; from one thread at a time.</summary>
interface IQuantiseProgress
{
    /// <summary>A stage begins, with so many steps.</summary>
    void Begin(string what, int total);

    /// <summary>So many steps of the stage are done.</summary>
    void Report(int done);

    /// <summary>The stage is over.</summary>
    void End();
}
