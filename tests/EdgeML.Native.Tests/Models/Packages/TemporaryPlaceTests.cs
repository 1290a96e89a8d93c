using EdgeML.Native.Models.Packages;

namespace EdgeML.Native.Tests.Models.Packages;

public sealed class TemporaryPlaceTests : IDisposable
{
    /// <summary>Above the highest number that Linux gives a process.</summary>
    const int NoProcess = 0x7fffffff;

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    string Leftover(string name, int process, TimeSpan age)
    {
        string path = _folder[$".{name}.{process:x}-{Guid.NewGuid():N}.tmp"];
        Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, "part"), "");
        Directory.SetLastWriteTimeUtc(path, DateTime.UtcNow - age);
        return path;
    }

    [Fact]
    public void Beside_PathWithASlash_IsBesideIt() =>
        Assert.Equal(Path.GetDirectoryName(_folder["package"]), Path.GetDirectoryName(TemporaryPlace.Beside(_folder["package"] + "/")));

    [Fact]
    public void Write_AfterAKilledRun_RemovesItsOldLeftoversOnly()
    {
        TimeSpan old = TimeSpan.FromHours(2);
        File.WriteAllText(_folder["report"], "before");
        string dead = Leftover("report", NoProcess, old);
        string[] kept =
        [
            Leftover("report", NoProcess, TimeSpan.Zero), Leftover("report", Environment.ProcessId, old), Leftover("other", NoProcess, old),
        ];
        AtomicFile.Write(_folder["report"], stream => stream.Write("after"u8));
        Assert.Equal("after", File.ReadAllText(_folder["report"]));
        Assert.False(Directory.Exists(dead));
        Assert.All(kept, path => Assert.True(Directory.Exists(path), path));
    }

    [Fact]
    public void Write_WhereThePathIsGone_LeavesWhatMayBeItsOnlyCopy()
    {
        string dead = Leftover("package", NoProcess, TimeSpan.FromHours(2));
        AtomicFile.Write(_folder["package"], stream => stream.Write("new"u8));
        Assert.True(Directory.Exists(dead));
    }
}
