using EdgeML.Native.Inference;
using EdgeML.Native.Models;

namespace EdgeML.Native.Tests.Inference;

public sealed class PromiseSessionTests
{
    static ExitPromise PromiseOf(ModelManifest manifest, float limit) => new()
    {
        Model = manifest.Hash,
        MaxLoss = 0.01,
        Confidence = 0.9,
        Labelled = false,
        Limits = [.. Enumerable.Repeat(limit, manifest.SideExits)],
        DiffersAtMost = 0.01,
        Samples = 500,
        Losses = 2,
        Source = "test",
    };

    [Fact]
    public void Run_PolicyBeyondThePromise_IsKeptInsideAndNamed()
    {
        using var loaded = new LoadedGraph("residual");
        ExitPromise saved = loaded.Model.Package.SavePromise(PromiseOf(loaded.Manifest, 0f));
        float[] input = loaded.Input(3);
        ExitPolicy always = loaded.Policy(1f, loaded.Manifest.LocalCut);

        using var kept = new EdgeSession(loaded.Model, new EdgeSessionOptions { Policy = always });
        TaskResult answer = kept.Run(input);
        Assert.Equal(loaded.Manifest.Exits.Count, answer.Exit);
        Assert.Equal(saved, answer.Promise);
        Assert.Equal(0f, kept.Policy.Thresholds[0]);
        Assert.Equal(64, kept.Promise!.Digest.Length);

        using var free = new EdgeSession(loaded.Model, new EdgeSessionOptions { Policy = always, KeepPromise = false });
        TaskResult early = free.Run(input);
        Assert.Equal(1, early.Exit);
        Assert.Null(early.Promise);
    }

    [Fact]
    public void SavePromise_ReadAgain_IsTheSameAndBelongsToItsModel()
    {
        using var loaded = new LoadedGraph("residual");
        ExitPromise saved = loaded.Model.Package.SavePromise(PromiseOf(loaded.Manifest, 0.25f) with { Tighter = [[0.125f]] });
        using (ModelPackage again = ModelPackage.Open(loaded.Folder))
        {
            Assert.Equal(saved.Digest, again.Promise!.Digest);
            Assert.Equal([0.25f], again.Promise.Limits);
            Assert.Equal([0.125f], Assert.Single(again.Promise.Tighter));
        }
        ExitPromise foreign = saved with { Model = "sha256:" + new string('0', 64) };
        Assert.Contains("was made for sha256:000", Assert.Throws<InvalidDataException>(() => loaded.Model.Package.SavePromise(foreign)).Message);
        ExitPromise wider = saved with { Tighter = [[0.5f]] };
        Assert.Contains("not inside", Assert.Throws<InvalidDataException>(() => loaded.Model.Package.SavePromise(wider)).Message);

        string file = Path.Combine(loaded.Folder, "promise.json");
        File.WriteAllText(file, File.ReadAllText(file).Replace("0.25", "0.75", StringComparison.Ordinal));
        Assert.Contains("promise.json: the digest is", Assert.Throws<InvalidDataException>(() => ModelPackage.Open(loaded.Folder)).Message);
    }
}
