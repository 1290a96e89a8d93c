namespace EdgeML.Cli.Tests;

public sealed class DataShapesTests : FolderTests
{
    [Fact]
    public void DataShapes_TwoRunsOfOneSeed_SameRecords()
    {
        string one = this["one.bin"], two = this["two.bin"];
        foreach (string file in (string[])[one, two])
        {
            Outcome outcome = EdgemlProcess.Run("data", "shapes", "--out", file, "--count", "20", "--seed", "3", "--difficulty", "drift",
                "--size", "40");
            Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
            Assert.Contains("20 pictures of 40 x 40, 96020 bytes", outcome.Output);
        }
        Assert.Equal(File.ReadAllBytes(one), File.ReadAllBytes(two));
        Assert.Equal(20 * (1 + (3 * 40 * 40)), new FileInfo(one).Length);
    }

    [Theory]
    [InlineData("--count 5 --seed 1 --difficulty odd", "--difficulty is 'odd', not one of easy, hard, mixed, drift")]
    [InlineData("--count 0 --seed 1 --difficulty easy", "--count is '0'")]
    [InlineData("--count 5 --seed -1 --difficulty easy", "--seed is '-1'")]
    [InlineData("--count 5 --seed 1 --difficulty easy --size 31", "--size is '31', not a whole number in 32..256")]
    [InlineData("--count 5 --seed 1", "--difficulty")]
    public void DataShapes_BadFlag_OneLineExitCode2AndNoFile(string flags, string expected)
    {
        string file = this["x.bin"];
        Outcome outcome = EdgemlProcess.Run(["data", "shapes", "--out", file, .. flags.Split(' ')]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(expected, Assert.Single(outcome.ErrorLines));
        Assert.Empty(Directory.GetFiles(Folder));
    }
}
