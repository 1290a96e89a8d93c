namespace EdgeML.Simulation.Processes;

/// <summary>Exit code and output of an ended child process.</summary>
/// <param name="ExitCode">128 and the signal's number where a signal ended it.</param>
/// <param name="Output">The output that was not read before.</param>
/// <param name="Error">Its standard error.</param>
sealed record Outcome(int ExitCode, string Output, string Error)
{
    /// <summary>Lines of <see cref="Error"/> that are not empty.</summary>
    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Its first line on standard error, else the exit code in words.</summary>
    public string Complaint => ErrorLines is [var first, ..] ? first : $"it ended with exit code {ExitCode} and without a word";
}
