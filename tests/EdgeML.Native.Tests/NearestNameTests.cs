namespace EdgeML.Native.Tests;

public class NearestNameTests
{
    [Theory]
    [InlineData("rum", "run")]
    [InlineData("insepct", "inspect")]
    [InlineData("calib", "calibrate")]
    [InlineData("RUN", "run")]
    [InlineData("frobnicate", null)]
    [InlineData("x", null)]
    [InlineData("", null)]
    public void Nearest_OfATypedName_IsWhatWasMeant(string typed, string? expected) =>
        Assert.Equal(expected, NearestName.Of(typed, ["run", "inspect", "calibrate", "record"]));
}
