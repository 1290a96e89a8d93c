using System.Collections.Concurrent;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Models.Packages;
using EdgeML.Training.Data;
using EdgeML.Training.Evaluation;

namespace EdgeML.Cli.Running;

/// <summary>Possible reasons for wrong answers of a run, a sentence each; all but the source's are shown at once.</summary>
sealed class RunWarnings(ImageSource source)
{
    readonly ConcurrentQueue<string> _heard = new();

    /// <summary>Records a warning of the session. Any thread.</summary>
    public void Hear(string warning)
    {
        _heard.Enqueue(warning);
        DataNotes.Warn(warning);
    }

    /// <summary>Doubts that the answers themselves raise.</summary>
    public void Judge(ModelPackage package, RunTally tally)
    {
        int[] answered = [.. Enumerable.Range(1, package.Manifest.Exits.Count).Where(exit => tally.ExitCount(exit) > 0)];
        if (tally.Labelled && AccuracyDoubt.Of(package.Manifest, package.Calibration, tally.Correct, tally.Tasks, answered) is { } doubt)
            Hear(doubt);
        if (tally.NotNumbers > 0)
            Hear($"{tally.NotNumbers} of {tally.Tasks} answers mean nothing: their scores are not numbers, "
                + "as where an input holds NaN or infinity or the network overflows");
    }

    /// <summary>All of them, the source's first.</summary>
    public IReadOnlyList<string> All => [.. source.Warnings, .. _heard];
}
