namespace EdgeML.Native.Tests.Models;

/// <summary>Developers' data beside the checkout; tests that want it are skipped without it.</summary>
static class SharedData
{
    internal static string Require(string relative)
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string path = Path.Combine(at.FullName, "shared", relative);
            if (File.Exists(path) || Directory.Exists(path)) return path;
        }
        Assert.Skip($"no shared/{relative} beside the checkout");
        return "";
    }
}
