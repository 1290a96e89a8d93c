using System.Text;

namespace EdgeML.Server.Transport;

/// <summary>Text from the network on its way into logs.</summary>
static class Printable
{
    /// <summary>The text with control characters, line ends and unpaired surrogates as \uXXXX.</summary>
    public static string Text(string text)
    {
        if (!text.Any(NeedsEscape)) return text;
        var safe = new StringBuilder();
        foreach (char c in text)
        {
            if (NeedsEscape(c)) safe.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else safe.Append(c);
        }
        return safe.ToString();
    }

    static bool NeedsEscape(char c) => char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.Format;
}
