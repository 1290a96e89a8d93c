using System.Text;

namespace EdgeML.Training.Charts;

/// <summary>Collects the elements of one picture. Colours and strokes come from the page's style sheet through class names.</summary>
sealed class SvgCanvas(double width, double height, string label)
{
    readonly StringBuilder _body = new();

    public void Rect(double x, double y, double w, double h, string cssClass, string? tip = null, string? fill = null)
    {
        if (w <= 0 || h <= 0) return;
        string paint = fill is null ? "" : $" style=\"fill:{Svg.Escape(fill)}\"";
        Element($"<rect class=\"{cssClass}\"{paint} x=\"{Svg.Number(x)}\" y=\"{Svg.Number(y)}\" width=\"{Svg.Number(w)}\" "
            + $"height=\"{Svg.Number(h)}\"", "rect", tip);
    }

    public void Line(double x1, double y1, double x2, double y2, string cssClass) =>
        _body.Append(
            $"<line class=\"{cssClass}\" x1=\"{Svg.Number(x1)}\" y1=\"{Svg.Number(y1)}\" x2=\"{Svg.Number(x2)}\" "
            + $"y2=\"{Svg.Number(y2)}\"/>\n");

    public void Dot(double x, double y, double radius, string cssClass, string? tip = null) =>
        Element($"<circle class=\"{cssClass}\" cx=\"{Svg.Number(x)}\" cy=\"{Svg.Number(y)}\" r=\"{Svg.Number(radius)}\"", "circle", tip);

    public void Path(SvgPath path, string cssClass, string? tip = null)
    {
        string d = path.ToString();
        if (d.Length > 0) Element($"<path class=\"{cssClass}\" d=\"{d}\"", "path", tip);
    }

    public void Text(double x, double y, string text, string cssClass) =>
        _body.Append($"<text class=\"{cssClass}\" x=\"{Svg.Number(x)}\" y=\"{Svg.Number(y)}\">{Svg.Escape(text)}</text>\n");

    /// <inheritdoc/>
    public override string ToString() =>
        $"<svg viewBox=\"0 0 {Svg.Number(width)} {Svg.Number(height)}\" role=\"img\" aria-label=\"{Svg.Escape(label)}\">\n{_body}</svg>\n";

    /// <summary>The picture as a standalone file, with its style inside.</summary>
    public string ToFile(string css) =>
        $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Svg.Number(width)} {Svg.Number(height)}\" role=\"img\" "
        + $"aria-label=\"{Svg.Escape(label)}\">\n<style>{css}</style>\n{_body}</svg>\n";

    void Element(string opening, string name, string? tip)
    {
        if (tip is null) _body.Append(opening).Append("/>\n");
        else _body.Append(opening).Append("><title>").Append(Svg.Escape(tip)).Append("</title></").Append(name).Append(">\n");
    }
}
