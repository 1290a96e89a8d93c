using System.Globalization;
using EdgeML.Training.Charts;

namespace EdgeML.Training.Tests.Charts;

public class SvgPiecesTests
{
    [Theory]
    [InlineData(0, 100, 5, "0 20 40 60 80 100")]
    [InlineData(0, 0.03, 3, "0 0.01 0.02 0.03")]
    [InlineData(3, 17, 4, "5 10 15")]
    [InlineData(-1, 1, 4, "-1 -0.5 0 0.5 1")]
    public void Between_Range_GivesRoundTicks(double low, double high, int wanted, string expected) =>
        Assert.Equal(expected,
            string.Join(' ', AxisTicks.Between(low, high, wanted).Select(t => Math.Round(t, 6).ToString(CultureInfo.InvariantCulture))));

    [Theory]
    [InlineData(5, 5)]
    [InlineData(0, double.NaN)]
    [InlineData(0, double.PositiveInfinity)]
    public void Between_EmptyRange_Throws(double low, double high) =>
        Assert.Throws<ArgumentException>(() => AxisTicks.Between(low, high, 5));

    [Theory]
    [InlineData(97, 100)]
    [InlineData(0.43, 0.5)]
    [InlineData(100, 100)]
    [InlineData(0, 1)]
    [InlineData(double.NaN, 1)]
    public void RoundUp_Value_GivesNextRoundOne(double value, double expected) => Assert.Equal(expected, AxisTicks.RoundUp(value), 9);

    [Fact]
    public void LinearScale_Outside_IsClamped()
    {
        var scale = new LinearScale(0, 10, 100, 0);

        Assert.Equal(50, scale[5]);
        Assert.Equal(0, scale[11]);
        Assert.Equal(100, scale[double.NaN]);
    }

    [Fact]
    public void To_NaN_LiftsThePen() =>
        Assert.Equal("M0 1 L2 3 M4 5.5", new SvgPath().To(0, 1).To(2, 3).To(3, double.NaN).To(4, 5.46).ToString());

    [Fact]
    public void StepTo_Change_GoesLevelThenVertical() =>
        Assert.Equal("M0 1 L1 1 L2 1 L2 5", new SvgPath().StepTo(0, 1).StepTo(1, 1).StepTo(2, 5).ToString());

    [Fact]
    public void Number_OtherCulture_StillWritesPoint() => Assert.Equal("1.5", Svg.Number(1.46));

    [Fact]
    public void Escape_Markup_BecomesText() => Assert.Equal("&lt;a b=&quot;&#39;&amp;&quot;&gt;", Svg.Escape("<a b=\"'&\"\u0001>"));

    [Fact]
    public void Canvas_TipsAndTexts_AreEscaped()
    {
        var canvas = new SvgCanvas(10, 20, "a \"label\"");
        canvas.Rect(0, 0, 5, 5, "bar", tip: "<tip>");
        canvas.Text(1, 2, "a & b", "label");

        string svg = canvas.ToString();

        Assert.Contains("<title>&lt;tip&gt;</title></rect>", svg);
        Assert.Contains(">a &amp; b</text>", svg);
        Assert.Contains("aria-label=\"a &quot;label&quot;\"", svg);
    }
}
