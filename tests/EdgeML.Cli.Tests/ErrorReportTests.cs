using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Tests;

public class ErrorReportTests
{
    public static TheoryData<Exception, int> Exceptions => new()
    {
        { new ArgumentException("threshold 1 is 2, not in 0..1", "thresholds"), 2 },
        { new InvalidDataException("frame of 9 bytes"), 2 },
        { new FileNotFoundException("no a.onnx"), 2 },
        { new IOException("disk full"), 1 },
        { new InvalidOperationException("late"), 1 },
    };

    [Theory]
    [MemberData(nameof(Exceptions))]
    public void ExitCode_OfException_IsTheContracts(Exception error, int expected) => Assert.Equal(expected, ErrorReport.ExitCode(error));

    [Fact]
    public void Describe_ArgumentException_LeavesOutParameterName() =>
        Assert.Equal("threshold 1 is 2", ErrorReport.Describe(new ArgumentException("threshold 1 is 2", "thresholds")));

    [Fact]
    public void Describe_SeveralLines_BecomesOne() => Assert.Equal("a; b", ErrorReport.Describe(new IOException("a\r\n  b\n")));
}
