using EdgeML.Training.Charts;

namespace EdgeML.Simulation.Reports;

/// <summary>Marks on the lines of a report's rows, for readers and printers who see no colours; dashes are in the style sheet.</summary>
static class RowMarks
{
    const double Size = 4;

    /// <summary>A row's mark. The shown row has a thick line instead, so its mark is empty.</summary>
    public static SvgPath Of(int row, double x, double y) => row switch
    {
        0 => new SvgPath(),
        1 => new SvgPath().To(x - Size, y + Size).To(x, y - Size).To(x + Size, y + Size).To(x - Size, y + Size),
        2 => Square(x, y),
        3 => Cross(x, y, Size),
        4 => new SvgPath().To(x - Size, y).To(x, y - Size).To(x + Size, y).To(x, y + Size).To(x - Size, y),
        _ => new SvgPath().To(x - Size, y).To(x + Size, y).To(double.NaN, 0).To(x, y - Size).To(x, y + Size),
    };

    /// <summary>Two crossed strokes.</summary>
    public static SvgPath Cross(double x, double y, double size) =>
        new SvgPath().To(x - size, y - size).To(x + size, y + size).To(double.NaN, 0).To(x - size, y + size).To(x + size, y - size);

    static SvgPath Square(double x, double y)
    {
        const double half = Size - 0.5;
        return new SvgPath().To(x - half, y - half).To(x + half, y - half).To(x + half, y + half).To(x - half, y + half).To(x - half, y - half);
    }
}
