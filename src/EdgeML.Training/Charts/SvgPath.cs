using System.Text;

namespace EdgeML.Training.Charts;

/// <summary>Builds the <c>d</c> attribute of a path; a NaN lifts the pen.</summary>
sealed class SvgPath
{
    readonly StringBuilder _text = new();
    bool _down;
    double _lastY;

    /// <summary>A straight line to here, or a new start after a gap.</summary>
    public SvgPath To(double x, double y)
    {
        if (double.IsNaN(x) || double.IsNaN(y))
        {
            _down = false;
            return this;
        }
        if (_text.Length > 0) _text.Append(' ');
        _text.Append(_down ? 'L' : 'M').Append(Svg.Number(x)).Append(' ').Append(Svg.Number(y));
        _down = true;
        _lastY = y;
        return this;
    }

    /// <summary>Level to this x, then straight up or down: a value that holds until it changes.</summary>
    public SvgPath StepTo(double x, double y)
    {
        if (_down && !double.IsNaN(y) && y != _lastY) To(x, _lastY);
        return To(x, y);
    }

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();
}
