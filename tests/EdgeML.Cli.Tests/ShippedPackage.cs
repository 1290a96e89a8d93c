namespace EdgeML.Cli.Tests;

/// <summary>The shipped model, prepared once for all tests of this assembly.</summary>
public sealed class ShippedPackage : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeml-tests-");

    public ShippedPackage()
    {
        var outcome = EdgemlProcess.Run("prepare", Path.Combine(EdgemlProcess.RepositoryRoot, "models", "shapes-vgg.onnx"), "--out", Model);
        if (outcome.ExitCode != 0) throw new InvalidOperationException(outcome.Error);
    }

    public string Model => Path.Combine(_folder.FullName, "shapes-vgg");

    public string this[string name] => Path.Combine(_folder.FullName, name);

    public void Dispose() => _folder.Delete(recursive: true);
}
