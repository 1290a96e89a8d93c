namespace EdgeML.Native.Tests.Energy;

/// <summary>A tree of files that looks like a part of the kernel's.</summary>
sealed class FakeSysfs : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeml-sysfs-");

    public string Root => _folder.FullName;

    public string this[string path]
    {
        set
        {
            string file = Path.Combine(Root, "sys", path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            // In place, as the kernel's files change under an open handle.
            using FileStream stream = new(file, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
            stream.SetLength(0);
            stream.Write(System.Text.Encoding.ASCII.GetBytes(value + "\n"));
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
