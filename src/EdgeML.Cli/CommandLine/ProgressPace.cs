using System.Diagnostics;

namespace EdgeML.Cli.CommandLine;

/// <summary>When and how progress is written to stderr: a line in place, four times per second, on a terminal; a separate line every
/// ten seconds where stderr is a file or a pipe. Work that is over sooner is not reported.</summary>
sealed class ProgressPace
{
    /// <summary>Of a line on a terminal, which must not wrap.</summary>
    public const int Columns = 79;

    static readonly bool s_inPlace = !Console.IsErrorRedirected;
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(s_inPlace ? 2 : 10);
    static readonly TimeSpan s_pause = s_inPlace ? TimeSpan.FromMilliseconds(250) : TimeSpan.FromSeconds(10);

    readonly long _started = Stopwatch.GetTimestamp();
    long _shown;

    /// <summary>Whether it is time for a line.</summary>
    public bool IsDue => Stopwatch.GetElapsedTime(_started) >= s_patience && (_shown == 0 || Stopwatch.GetElapsedTime(_shown) >= s_pause);

    /// <summary>Writes a line, over the last one on a terminal.</summary>
    public void Show(string text)
    {
        _shown = Stopwatch.GetTimestamp();
        if (s_inPlace) Console.Error.Write("\r" + (text.Length > Columns ? text[..Columns] : text.PadRight(Columns)));
        else Console.Error.WriteLine(text);
    }

    /// <summary>Takes the line away from a terminal.</summary>
    public void Clear()
    {
        if (_shown != 0 && s_inPlace) Console.Error.Write("\r" + new string(' ', Columns) + "\r");
        _shown = 0;
    }
}
