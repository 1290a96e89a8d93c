using System.Globalization;
using System.Text;

namespace EdgeML.Native.Offload.Wire;

/// <summary>Text from the network on its way into logs and messages.</summary>
static class Printable
{
    /// <summary>The text with control and format characters, line ends and surrogates as \uXXXX.</summary>
    public static string Text(string text)
    {
        if (!text.Any(NeedsEscape)) return text;
        var safe = new StringBuilder();
        foreach (char c in text)
        {
            if (NeedsEscape(c)) safe.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else safe.Append(c);
        }
        return safe.ToString();
    }

    static bool NeedsEscape(char c) =>
        char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' || char.GetUnicodeCategory(c) == UnicodeCategory.Format;
}
