using System.Text.Json;
using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Tests;

/// <summary>Preprocessing, pictures and labels as a script meets them, on the shipped model.</summary>
public sealed class PictureTests : FolderTests
{
    [Fact]
    public void PrepareAndRun_WrongPreprocessing_IsRecordedAndDoubted()
    {
        string model = Shipped(), package = this["package"], json = this["run.json"], facts = this["facts.json"];
        Outcome prepared = EdgemlProcess.Run(
            "prepare", model, "--out", package, "--channels", "BGR", "--scale", "1/2", "--mean", "60", "--std", "0.01,0.01,0.01",
            "--resize", "letterbox", "--layout", "NCHW");
        Assert.Equal(0, prepared.ExitCode);
        Assert.Contains("pictures: BGR NCHW, scale 1/2, mean 60 60 60, std 0.01 0.01 0.01, letterbox", prepared.Output);
        Assert.Contains("pictures: BGR NCHW", EdgemlProcess.Run("inspect", package, "--json", facts).Output);
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(facts));
        JsonElement how = manifest.RootElement.GetProperty("preprocessing");
        Assert.Equal(("NCHW", "BGR", 0.5, "letterbox"), (how.GetProperty("layout").GetString(), how.GetProperty("channels").GetString(),
            how.GetProperty("scale").GetDouble(), how.GetProperty("resize").GetString()));

        Outcome run = EdgemlProcess.Run("run", "--model", package, "--data", "shapes:seed=1,difficulty=easy", "--count", "60", "--json", json);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("edgeml: warning: accuracy is", run.Error);
        using JsonDocument result = JsonDocument.Parse(File.ReadAllBytes(json));
        Assert.Contains("preprocessing (BGR NCHW", Assert.Single(result.RootElement.GetProperty("warnings").EnumerateArray()).GetString());
    }

    [Fact]
    public void Run_RawInputOff_RefusesCutZero()
    {
        string package = this["package"];
        Assert.Equal(0, EdgemlProcess.Run("prepare", Shipped(), "--out", package).ExitCode);
        string[] run = ["run", "--model", package, "--data", "shapes:seed=1,difficulty=easy", "--count", "40", "--raw-input", "off"];
        Outcome refused = EdgemlProcess.Run([.. run, "--cut", "0"]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Equal("edgeml: cut 0 sends the input itself, and raw input is off; the first cut that may be used is 1", Assert.Single(refused.ErrorLines));
        Outcome taken = EdgemlProcess.Run([.. run, "--cut", "1"]);
        Assert.Equal(0, taken.ExitCode);
    }

    [Theory]
    [InlineData("--scale 0", "--scale is '0', not a number above 0 or a quotient such as 1/255")]
    [InlineData("--scale 1/0", "--scale is '1/0'")]
    [InlineData("--mean a", "--mean is 'a', not numbers separated by commas")]
    [InlineData("--layout CHW", "--layout is 'CHW', not one of NCHW, NHWC")]
    [InlineData("--resize fit", "--resize is 'fit', not one of stretch, crop, letterbox")]
    public void Prepare_OptionThatIsNone_OneLine(string options, string expected)
    {
        Outcome outcome = EdgemlProcess.Run(["prepare", "x.onnx", "--out", this["p"], .. options.Split(' ')]);
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(expected, Assert.Single(outcome.ErrorLines));
    }

    static string Shipped()
    {
        string model = Path.Combine(EdgemlProcess.RepositoryRoot, "models", "shapes-vgg.onnx");
        Assert.SkipUnless(File.Exists(model), "the shipped model is not there");
        return model;
    }
}
