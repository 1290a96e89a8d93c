namespace EdgeML.Native.Tests.Models.Packages;

/// <summary>Tests that write model files into a folder of their own and run them, whole or in parts.</summary>
public abstract class FileRunTests : IDisposable
{
    private protected readonly TemporaryFolder _folder = new();
    private protected readonly NativeRuns _runs = new();

    public void Dispose()
    {
        _runs.Dispose();
        _folder.Dispose();
    }
}
