using System.Globalization;
using System.Text;

namespace EdgeML.Training.Charts;

/// <summary>Text that is safe inside SVG and HTML.</summary>
static class Svg
{
    /// <summary>A coordinate with at most one decimal, always with a point.</summary>
    public static string Number(double value) => Math.Round(value, 1).ToString("0.#", CultureInfo.InvariantCulture);

    /// <summary>Text as element content or attribute value.</summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length + 16);
        foreach (char c in text)
        {
            string? entity = c switch { '&' => "&amp;", '<' => "&lt;", '>' => "&gt;", '"' => "&quot;", '\'' => "&#39;", _ => null };
            if (entity is not null) escaped.Append(entity);
            else if (c is '\t' or '\n' || !char.IsControl(c)) escaped.Append(c);
        }
        return escaped.ToString();
    }
}
