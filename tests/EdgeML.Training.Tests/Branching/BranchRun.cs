using EdgeML.Training.Branching;
using EdgeML.Training.Tests.Progress;

namespace EdgeML.Training.Tests.Branching;

/// <summary>Runs that train exits.</summary>
sealed class BranchRun : SampleRun
{
    internal BranchReport Run(BranchOptions options)
    {
        StopAfter(int.MaxValue);
        return new ExitTrainer(options, this).Run(CancellationToken.None);
    }

    /// <summary>Runs until so many reports of progress have come.</summary>
    internal void RunUntil(BranchOptions options, int reports)
    {
        StopAfter(reports);
        Assert.ThrowsAny<OperationCanceledException>(() => new ExitTrainer(options, this).Run(Cancellation));
    }
}
