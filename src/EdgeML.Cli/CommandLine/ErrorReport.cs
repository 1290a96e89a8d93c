using System.Text.Json;
using EdgeML.Native.Interop;

namespace EdgeML.Cli.CommandLine;

/// <summary>Maps an exception to one line on stderr and an exit code.</summary>
static class ErrorReport
{
    public const int BadInput = 2;
    public const int Failed = 1;

    public static int Write(Exception error, bool verbose)
    {
        Exception cause = Unwrap(error);
        Console.Error.WriteLine($"edgeml: {Describe(cause)}");
        if (verbose) Console.Error.WriteLine(error);
        return ExitCode(cause);
    }

    public static int ExitCode(Exception cause) => cause switch
    {
        ArgumentException or InvalidDataException or FormatException or JsonException or EndOfStreamException => BadInput,
        FileNotFoundException or DirectoryNotFoundException or PathTooLongException or UnauthorizedAccessException => BadInput,
        NativeException { Status: NativeStatus.ModelRejected or NativeStatus.Unsupported or NativeStatus.Mismatch } => BadInput,
        _ => Failed,
    };

    public static string Describe(Exception cause)
    {
        string text = cause.Message;
        if (cause is ArgumentException { ParamName.Length: > 0 } argument)
            text = text.Replace($" (Parameter '{argument.ParamName}')", "", StringComparison.Ordinal);
        if (text.Length == 0) text = cause.GetType().Name;
        return OneLine(text);
    }

    public static string OneLine(string text) =>
        string.Join("; ", text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    // A failed static constructor or a lone inner task error has no useful message; its inner exception does.
    static Exception Unwrap(Exception error)
    {
        while (true)
        {
            if (error is AggregateException { InnerExceptions.Count: >= 1 } many) error = many.InnerExceptions[0];
            else if (error is TypeInitializationException { InnerException: { } inner }) error = inner;
            else return error;
        }
    }
}
