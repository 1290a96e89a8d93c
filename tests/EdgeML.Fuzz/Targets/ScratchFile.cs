namespace EdgeML.Fuzz.Targets;

/// <summary>Files for readers that take a path; one folder a process, in memory where the system has such a place.</summary>
static class ScratchFile
{
    static readonly Lazy<string> s_folder = new(() =>
    {
        // AFL++ kills processes, which then leave their folder behind: nightly.sh names a place that it removes.
        string parent = Environment.GetEnvironmentVariable("EDGEML_FUZZ_SCRATCH") ?? (Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath());
        string folder = Path.Combine(parent, $"edgeml-fuzz-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    });

    public static string Folder => s_folder.Value;

    /// <summary>Writes a file and names it.</summary>
    public static string Of(string name, ReadOnlyMemory<byte> bytes)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllBytes(path, bytes.Span);
        return path;
    }
}
