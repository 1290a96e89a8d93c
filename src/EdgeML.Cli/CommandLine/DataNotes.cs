using EdgeML.Training.Data;

namespace EdgeML.Cli.CommandLine;

/// <summary>Prints on standard error which samples a source skipped and which labels or pictures are doubtful.</summary>
static class DataNotes
{
    public static void Show(ImageSource source)
    {
        foreach (string note in source.Notes) Console.Error.WriteLine($"edgeml: note: {note}");
        foreach (string warning in source.Warnings) Warn(warning);
    }

    public static void Warn(string warning) => Console.Error.WriteLine($"edgeml: warning: {warning}");
}
