using System.Text;

namespace EdgeML.Server.Http.Pages;

/// <summary>A table whose cells, on a narrow screen, stand below each other with their headings.</summary>
sealed class HtmlTable(string caption, params string[] headings)
{
    readonly StringBuilder _rows = new();

    /// <summary>Adds a row.</summary>
    /// <param name="cells">HTML; the first one names the row.</param>
    public void Row(params ReadOnlySpan<string> cells)
    {
        _rows.Append($"<tr><th scope=\"row\">{cells[0]}</th>");
        for (int i = 1; i < cells.Length; i++) _rows.Append($"<td data-head=\"{headings[i]}\"><span>{cells[i]}</span></td>");
        _rows.Append("</tr>\n");
    }

    public void AppendTo(StringBuilder page)
    {
        page.Append($"<table><caption>{caption}</caption>\n<thead><tr>");
        foreach (string heading in headings) page.Append($"<th scope=\"col\">{heading}</th>");
        page.Append("</tr></thead>\n<tbody>\n").Append(_rows).Append("</tbody></table>\n");
    }
}
