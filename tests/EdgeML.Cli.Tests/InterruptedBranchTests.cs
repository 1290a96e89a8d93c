using System.Text.Json;

namespace EdgeML.Cli.Tests;

/// <summary>A run that ends early leaves no package, and the same command goes on to what an undisturbed one makes.</summary>
public sealed class InterruptedBranchTests(InterruptedBranchTests.Undisturbed undisturbed)
    : FolderTests, IClassFixture<InterruptedBranchTests.Undisturbed>
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    [Theory]
    [InlineData(Signals.Interrupt, "rows", 130)] // while features are made
    [InlineData(Signals.Kill, "rows", 137)]
    [InlineData(Signals.Interrupt, "head1.state", 130)] // while heads learn
    [InlineData(Signals.Kill, "head1.state", 137)]
    public void Branch_EndedEarly_LeavesNoPackageAndGoesOn(int signal, string once, int exitCode)
    {
        string[] command = Command(Folder);
        using (ChildProcess process = EdgemlProcess.Start(command))
        {
            SpinWait.SpinUntil(() => process.HasExited || File.Exists(this[$"model.work/{once}"]), s_patience);
            Assert.False(process.HasExited, process.HasExited ? process.Stop().Error : "");
            process.Send(signal);
            Outcome ended = process.WaitForEnd(s_patience);
            Assert.Equal((exitCode, ""), (ended.ExitCode, ended.Error));
        }
        Assert.Equal(["model.work"], Directory.GetFileSystemEntries(Folder).Select(Path.GetFileName));

        Outcome outcome = EdgemlProcess.Run(s_patience, command);

        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Contains("are used again", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(undisturbed.Model, Model(Folder));
        Assert.Equal(["model", "model.json"], Directory.GetFileSystemEntries(Folder).Select(Path.GetFileName).Order());
    }

    static string[] Command(string folder) =>
    [
        "branch", Path.Combine(EdgemlProcess.RepositoryRoot, "models", "plain", "plain-inverted.onnx"), "--data",
            "shapes:seed=71,difficulty=easy",
        "--count", "1000", "--exits", "1", "--head-budget", "1", "--out", Path.Combine(folder, "model"), "--json",
        Path.Combine(folder, "model.json"),
    ];

    /// <summary>Hash of the model that the report in a folder names.</summary>
    static string Model(string folder)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "model.json")));
        return json.RootElement.GetProperty("model").GetString()!;
    }

    /// <summary>What a run makes that nothing interrupts.</summary>
    public sealed class Undisturbed
    {
        public Undisturbed()
        {
            DirectoryInfo folder = Directory.CreateTempSubdirectory("edgeml-tests-");
            Outcome outcome = EdgemlProcess.Run(s_patience, Command(folder.FullName));
            if (outcome.ExitCode != 0) throw new InvalidOperationException(outcome.Error);
            Model = InterruptedBranchTests.Model(folder.FullName);
            folder.Delete(recursive: true);
        }

        public string Model { get; }
    }
}
