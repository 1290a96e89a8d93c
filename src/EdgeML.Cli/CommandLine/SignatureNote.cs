using EdgeML.Native.Models.Packages;

namespace EdgeML.Cli.CommandLine;

/// <summary>A line for a command that changes a signed package and so ends its signature.</summary>
sealed class SignatureNote(ModelPackage package)
{
    readonly bool _wasSigned = package.Signature is not null;

    /// <summary>After the change.</summary>
    public void Show()
    {
        if (_wasSigned && package.Signature is null)
            Terminal.Line($"signature removed, because the package was changed; sign it again: edgeml sign --model {package.Folder} --key FILE");
    }
}
