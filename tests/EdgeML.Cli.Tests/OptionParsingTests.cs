using System.CommandLine;
using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Tests;

public class OptionParsingTests
{
    static (T? Value, string? Error) Parse<T>(Option<T?> option, string text)
    {
        var root = new RootCommand { option };
        ParseResult parsed = root.Parse([option.Name, text]);
        return parsed.Errors.Count > 0 ? (default, parsed.Errors[0].Message) : (parsed.GetValue(option), null);
    }

    [Fact]
    public void Thresholds_List_IsReadInOrder() => Assert.Equal([0f, 0.25f, 1f], Parse(new PolicyOptions().Thresholds, "0,0.25,1").Value!);

    [Theory]
    [InlineData("0,nan,1", "threshold 2 of --thresholds is 'nan', not a number in 0..1")]
    [InlineData("1.5", "threshold 1 of --thresholds is '1.5', not a number in 0..1")]
    [InlineData("0,,1", "threshold 2 of --thresholds is '', not a number in 0..1")]
    public void Thresholds_Bad_SaysWhichAndItsText(string text, string expected) =>
        Assert.Equal(expected, Parse(new PolicyOptions().Thresholds, text).Error);

    [Theory]
    [InlineData("NaN")]
    [InlineData("inf")]
    [InlineData("Infinity")]
    [InlineData("1e999")]
    [InlineData("-3")]
    [InlineData("0")]
    [InlineData("12ms")]
    public void Positive_NotOne_IsRefusedWithItsText(string text) =>
        Assert.Equal($"--latency-ms is '{text}', not a number above 0", Parse(SharedOptions.Positive("--latency-ms", "L", ""), text).Error);

    [Theory]
    [InlineData("a,b", "a|b")]
    [InlineData(@"a\,b,c", "a,b|c")]
    [InlineData(@"a\\,b", @"a\|b")]
    [InlineData(@"in\out", @"in\out")]
    [InlineData(" a , ,b ", "a|b")]
    [InlineData("", "")]
    public void Names_CommaAfterABackslash_BelongsToTheName(string text, string expected) =>
        Assert.Equal(expected, string.Join('|', CommandLine.Parse.Names(text)));

    [Theory]
    [InlineData("3x224x224", 3, 224, 224)]
    [InlineData("40", 40)]
    public void InputShape_Dimensions_AreReadInOrder(string text, params int[] expected) =>
        Assert.Equal(expected, Parse(SharedOptions.InputShape(), text).Value!);

    [Theory]
    [InlineData("3x0x224")]
    [InlineData("3x")]
    [InlineData("large")]
    public void InputShape_Bad_IsRefusedWithItsText(string text) =>
        Assert.Equal($"--input-shape is '{text}', not dimensions such as 3x224x224", Parse(SharedOptions.InputShape(), text).Error);

    [Fact]
    public void Tail_WithAHostLongerThanNamesAre_IsRefused() => Assert.Equal(
        "--tail names a host of 300 characters, at most 255 are possible", Parse(SharedOptions.Tail(), new string('h', 300) + ":7410").Error);

    [Fact]
    public void Cut_Local_ResolvesToTheLastOne()
    {
        Assert.Equal(12, Parse(new PolicyOptions().Cut, "local").Value!.Value.Resolve(12, "m"));
        Assert.Equal(3, Parse(new PolicyOptions().Cut, "3").Value!.Value.Resolve(12, "m"));
    }

    [Fact]
    public void Cut_BeyondModel_SaysTheRange() =>
        Assert.Equal("cut 14 is outside 0..12 of model m",
            Assert.Throws<ArgumentException>(() => new CutChoice(14).Resolve(12, "m")).Message);

    [Theory]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("lokal")]
    public void Cut_Bad_IsRefused(string text) =>
        Assert.Equal($"--cut is '{text}', not a number of units or 'local'", Parse(new PolicyOptions().Cut, text).Error);

    [Theory]
    [InlineData("127.0.0.1:8080", "127.0.0.1", 8080)]
    [InlineData("tail.local:1", "tail.local", 1)]
    [InlineData("[::1]:9", "::1", 9)]
    public void Tail_HostPort_IsSplit(string text, string host, int port) =>
        Assert.Equal([new TailPlace(new HostPort(host, port), null)], Parse(SharedOptions.Tail(), text).Value!);

    [Theory]
    [InlineData("localhost")]
    [InlineData(":80")]
    [InlineData("a:0")]
    [InlineData("a:65536")]
    [InlineData("a:-1")]
    public void Tail_Bad_IsRefused(string text) =>
        Assert.Equal($"--tail is '{text}', not HOST:PORT with a port in 1..65535", Parse(SharedOptions.Tail(), text).Error);
}
