using System.Text;
using EdgeML.Training.Charts;

namespace EdgeML.Simulation.Reports;

/// <summary>A table of the report, row by row. On a narrow page every row is a block with its heads inside, so the roles, which that would
/// take away, are written out.</summary>
sealed class HtmlTable
{
    readonly StringBuilder _page;
    readonly string[] _heads;
    int _column;

    /// <summary>Begins it.</summary>
    /// <param name="page">Where it goes.</param>
    /// <param name="caption">What it shows.</param>
    /// <param name="cssClass">Of the table.</param>
    /// <param name="heads">Of the columns.</param>
    public HtmlTable(StringBuilder page, string caption, string cssClass, params string[] heads)
    {
        (_page, _heads) = (page, heads);
        page.Append($"<table role=\"table\" class=\"{cssClass}\">\n<caption>{Svg.Escape(caption)}</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">");
        foreach (string head in heads) page.Append($"<th scope=\"col\" role=\"columnheader\">{Svg.Escape(head)}</th>");
        page.Append("</tr></thead>\n<tbody role=\"rowgroup\">\n");
    }

    /// <summary>Begins a row.</summary>
    /// <param name="html">Its head.</param>
    /// <param name="first">Whether it is the row on show.</param>
    public void Row(string html, bool first = false)
    {
        if (_column > 0) _page.Append("</tr>\n");
        _page.Append($"<tr role=\"row\"{(first ? " class=\"first\"" : "")}><th scope=\"row\" role=\"rowheader\">{html}</th>");
        _column = 1;
    }

    /// <summary>Adds a cell to the row.</summary>
    public void Cell(string html) => _page.Append($"<td role=\"cell\" data-head=\"{Svg.Escape(_heads[_column++])}\">{html}</td>");

    /// <summary>Ends it.</summary>
    public void End() => _page.Append(_column > 0 ? "</tr>\n</tbody>\n</table>\n" : "</tbody>\n</table>\n");
}
