using EdgeML.Training.Data;

namespace EdgeML.Cli.CommandLine;

/// <summary>Says on standard error what a source passed over and what to doubt.</summary>
static class DataNotes
{
    public static void Show(ImageSource source)
    {
        foreach (string note in source.Notes) Console.Error.WriteLine($"edgeml: note: {note}");
        foreach (string warning in source.Warnings) Warn(warning);
    }

    public static void Warn(string warning) => Console.Error.WriteLine($"edgeml: warning: {warning}");
}
