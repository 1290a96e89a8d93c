using System.Security.Cryptography;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Preparation;
using EdgeML.Training.Data;
using EdgeML.Training.Evaluation;

namespace EdgeML.Training.Tests.Data;

public sealed class ShippedModelTests : IDisposable
{
    readonly string _folder = Path.Combine(Path.GetTempPath(), $"edgeml-shipped-{Guid.NewGuid():n}");

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void File_Committed_MatchesItsChecksumAndIsSmall()
    {
        string path = ProjectFolders.ShippedModel!;
        string[] sums = File.ReadAllLines(Path.Combine(Path.GetDirectoryName(path)!, "SHA256SUMS"));
        byte[] bytes = File.ReadAllBytes(path);
        Assert.Contains($"{Convert.ToHexStringLower(SHA256.HashData(bytes))}  {ProjectFolders.ShippedModelFile}", sums);
        Assert.True(bytes.Length < 8_000_000, $"{bytes.Length} bytes");
    }

    [Fact]
    public void Exits_OnMixedPictures_EachIsThreePointsBetterThanTheOneBefore()
    {
        ModelPreparation.Prepare(ProjectFolders.ShippedModel!, _folder);
        using BranchedModel model = BranchedModel.Load(_folder);
        using ImageSource source = DataSpec.Parse("shapes:seed=3001,difficulty=mixed").Open(model.Manifest.Input.Shape);

        using ExitRecorder recorder = ExitRecording.Record(model, source, 1500);
        IReadOnlyList<double> accuracies = new ExitCurve(recorder.ToCalibration(source.Spec), model.Manifest).ExitAccuracies();

        Assert.Equal([3, 2, 2], model.Manifest.Exits.Take(3).Select(exit => exit.Layers));
        Assert.Equal(4, accuracies.Count);
        for (int i = 1; i < accuracies.Count; i++)
            Assert.True(accuracies[i] >= accuracies[i - 1] + 0.03,
                $"exit {i + 1} is right on {accuracies[i]:P1}, the one before on {accuracies[i - 1]:P1}");
        Assert.True(accuracies[^1] >= 0.90, $"the final exit is right on {accuracies[^1]:P1}");
    }
}
