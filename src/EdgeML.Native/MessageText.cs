namespace EdgeML.Native;

/// <summary>Makes texts from files and engines fit for an error message.</summary>
static class MessageText
{
    /// <summary>Texts with names out of a file may hold anything; a message is one line of bounded length.</summary>
    internal static string OneLine(string text)
    {
        text = string.Join(' ', text.Split(['\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        if (text.Length > MostMessage) text = text[..MostMessage] + "...";
        return string.Create(text.Length, text, static (chars, from) =>
        {
            for (int i = 0; i < chars.Length; i++)
                chars[i] = char.IsControl(from[i]) || char.IsSurrogate(from[i]) || from[i] is '\u2028' or '\u2029' ? '?' : from[i];
        });
    }

    const int MostMessage = 400, MostReason = 280;

    /// <summary>An engine's message as one line that keeps its end: engines begin with places in their own code and end with the
    /// reason.</summary>
    internal static string EngineReason(string text)
    {
        string line = string.Join(
            ' ', text.Split(['\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        if (line.Length > MostReason)
        {
            int from = line.Length - MostReason, word = line.IndexOf(' ', from);
            line = "..." + line[(word < 0 || word > from + 60 ? from : word + 1)..];
        }
        return OneLine(line);
    }
}
