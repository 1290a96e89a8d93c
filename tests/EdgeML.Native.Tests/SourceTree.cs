namespace EdgeML.Native.Tests;

/// <summary>The checkout around the tests.</summary>
static class SourceTree
{
    /// <summary>Its folder; null where the tests run without one.</summary>
    internal static string? Root { get; } = Find();

    static string? Find()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "EdgeML.Native.sln"))) return at.FullName;
        return null;
    }
}
