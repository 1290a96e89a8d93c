using System.Globalization;
using System.Net;

namespace EdgeML.Server.Http.Pages;

/// <summary>Texts and numbers for a page.</summary>
static class HtmlText
{
    /// <summary>Text from anywhere as HTML: escaped, control and format characters visible.</summary>
    public static string Of(string? text)
    {
        if (string.IsNullOrEmpty(text)) return "–";
        char[] shown = text.ToCharArray();
        for (int i = 0; i < shown.Length; i++)
            if (char.IsControl(shown[i]) || char.IsSurrogate(shown[i]) || char.GetUnicodeCategory(shown[i]) == UnicodeCategory.Format) shown[i] = '\uFFFD';
        return WebUtility.HtmlEncode(new string(shown));
    }

    public static string Of(long count) => count.ToString("#,0", CultureInfo.InvariantCulture);

    public static string Rate(double perSecond) => perSecond.ToString(perSecond is > 0 and < 10 ? "0.0" : "#,0", CultureInfo.InvariantCulture);

    public static string Percent(double share) => share.ToString("0 %", CultureInfo.InvariantCulture);

    public static string Bytes(long bytes) => bytes switch
    {
        < 10_000 => $"{bytes} B",
        < 10_000_000 => FormattableString.Invariant($"{bytes / 1e3:#,0} kB"),
        < 10_000_000_000 => FormattableString.Invariant($"{bytes / 1e6:#,0} MB"),
        _ => FormattableString.Invariant($"{bytes / 1e9:#,0} GB"),
    };

    public static string Span(TimeSpan time) => time switch
    {
        { TotalMinutes: < 2 } => FormattableString.Invariant($"{Math.Max(0, time.TotalSeconds):0} s"),
        { TotalHours: < 2 } => FormattableString.Invariant($"{time.TotalMinutes:0} min"),
        { TotalDays: < 2 } => FormattableString.Invariant($"{time.TotalHours:0} h"),
        _ => FormattableString.Invariant($"{time.TotalDays:0} d"),
    };
}
