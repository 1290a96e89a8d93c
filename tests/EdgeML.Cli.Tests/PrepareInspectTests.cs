using System.Text.Json;
using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Tests;

public sealed class PrepareInspectTests : FolderTests
{
    [Theory]
    [InlineData("prepare MODEL --out OUT", "there is no model file")]
    [InlineData("prepare TEXT --out OUT", "text.onnx: no")]
    [InlineData("prepare TEXT", "--out")]
    [InlineData("inspect OUT", "is not a package: no model.json in it")]
    public void Run_UnusableInput_OneLineExitCode2AndNothingWritten(string commandLine, string expected)
    {
        string text = this["text.onnx"], output = this["out"];
        File.WriteAllText(text, "no model");
        string[] arguments = [.. commandLine.Split(' ')
            .Select(a => a switch { "MODEL" => text + ".gone", "TEXT" => text, "OUT" => output, _ => a })];

        Outcome outcome = EdgemlProcess.Run(arguments);

        Assert.Equal(2, outcome.ExitCode);
        string line = Assert.Single(outcome.ErrorLines);
        Assert.StartsWith("edgeml: ", line);
        Assert.Contains(expected, line);
        Assert.Equal([text], Directory.GetFileSystemEntries(Folder));
    }

    [Fact]
    public void Run_ShippedModel_PreparesAndInspectsIt()
    {
        var models = new DirectoryInfo(Path.Combine(EdgemlProcess.RepositoryRoot, "models"));
        string? model = models.Exists ? models.EnumerateFiles("*.onnx", SearchOption.AllDirectories).FirstOrDefault()?.FullName : null;
        Assert.SkipWhen(model is null, "no ONNX file under models/");
        string package = this["package"], facts = this["facts.json"];

        Outcome prepared = EdgemlProcess.Run("prepare", model!, "--out", package),
            inspected = EdgemlProcess.Run("inspect", package, "--json", facts);

        Assert.Equal((0, ""), (prepared.ExitCode, prepared.Error));
        Assert.Equal((0, ""), (inspected.ExitCode, inspected.Error));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(facts));
        Assert.Equal(
            json.RootElement.GetProperty("units").GetArrayLength() + 1,
            json.RootElement.GetProperty("cuts").GetArrayLength());
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(package, "model.json")));
        Assert.Equal(
            [.. manifest.RootElement.EnumerateObject().Select(property => property.Name), "calibration", "signature"],
            json.RootElement.EnumerateObject().Select(property => property.Name));
        Assert.Contains("side exits", inspected.Output);
    }
}
