using EdgeML.Simulation.Tests.Replay;

namespace EdgeML.Cli.Tests;

/// <summary>Tests with a folder that is gone after each.</summary>
public abstract class FolderTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeml-tests-");

    protected string Folder => _folder.FullName;

    protected string this[string name] => Path.Combine(Folder, name);

    /// <summary>Writes the smallest profile and samples there are.</summary>
    /// <returns>The options of commands that read them.</returns>
    protected string[] WriteTinyReplay()
    {
        File.WriteAllText(this["p.csv"], TinyReplay.Profile);
        File.WriteAllText(this["e.csv"], TinyReplay.Exits);
        return ["--profile", this["p.csv"], "--exits", this["e.csv"]];
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
