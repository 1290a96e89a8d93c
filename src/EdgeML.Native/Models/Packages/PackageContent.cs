using System.Text.Json.Serialization.Metadata;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Models.Packages;

/// <summary>The files of a package, each read once: bytes that were compared with the signature are the bytes in use. One thread.</summary>
sealed class PackageContent
{
    readonly List<PackageFile> _read = [];
    readonly TrustedKeys? _trusted;
    readonly SignatureFile? _signature;

    /// <param name="folder">Of the package.</param>
    /// <param name="trusted">One of these keys must have signed it; null for any package.</param>
    /// <exception cref="InvalidDataException">It is not signed by one of them.</exception>
    /// <exception cref="IOException">The signature cannot be read.</exception>
    internal PackageContent(string folder, TrustedKeys? trusted)
    {
        (Folder, _trusted) = (folder, trusted);
        string path = Path.Combine(folder, PackageFiles.SignatureName);
        if (!File.Exists(path))
        {
            if (trusted is not null)
                throw new InvalidDataException($"{folder} is not signed, and only packages signed by {trusted} may be loaded");
            return;
        }
        try
        {
            _signature = SignatureFile.Read(path);
            trusted?.Check(_signature);
        }
        catch (InvalidDataException e)
        {
            Break(e.Message, e);
        }
    }

    internal string Folder { get; }

    /// <summary>The files that were read, in that order.</summary>
    internal IReadOnlyList<PackageFile> Files => _read;

    /// <summary>Why a signature that is there does not hold; null where it does, as far as that is known.</summary>
    internal string? Fault { get; private set; }

    /// <summary>The outcome, after all files were read; null where the package is not signed.</summary>
    internal PackageSignature? Signature =>
        _signature is null && Fault is null ? null : new PackageSignature(_signature?.Key ?? "", _trusted is not null, Fault);

    internal bool Has(string name) => File.Exists(Path.Combine(Folder, name));

    /// <summary>All bytes of a file.</summary>
    /// <param name="name">In the folder.</param>
    /// <param name="most">Bytes that it may have.</param>
    /// <exception cref="InvalidDataException">It is no regular file, too long, or not the one that was signed.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal byte[] Read(string name, long most)
    {
        byte[] bytes = RegularFile.Read(Path.Combine(Folder, name), most);
        Compare(new PackageFile(name, bytes.Length, ContentHash.Of(bytes)));
        return bytes;
    }

    /// <exception cref="InvalidDataException">It is not JSON with these keys, or as for bytes.</exception>
    /// <inheritdoc cref="Read(string, long)"/>
    internal T Read<T>(string name, JsonTypeInfo<T> type) => PackageJson.Parse(Read(name, PackageJson.MostBytes), name, type);

    /// <summary>Compares a file that was read with the signed one.</summary>
    /// <exception cref="InvalidDataException">It is another.</exception>
    internal void Compare(PackageFile found)
    {
        _read.Add(found);
        if (_signature is null) return;
        PackageFile? signed = _signature.Files.FirstOrDefault(file => file.Name == found.Name);
        if (signed is null) Break($"{found.Name} was added after signing");
        else if (signed.Bytes != found.Bytes) Break($"{found.Name} has {found.Bytes} bytes, {signed.Bytes} were signed");
        else if (signed != found) Break($"{found.Name} was changed after signing");
    }

    /// <summary>Every file was read: whether any is missing, or too many.</summary>
    /// <exception cref="InvalidDataException">The folder has other files than were signed.</exception>
    internal void Close()
    {
        if (_signature is null) return;
        if (_signature.Files.FirstOrDefault(file => !_read.Exists(read => read.Name == file.Name)) is { } missing)
            Break($"{missing.Name} was signed and is missing");
        if (PackageFiles.Others(Folder).FirstOrDefault() is { } other) Break($"{MessageText.OneLine(other)} was added after signing");
    }

    void Break(string fault, Exception? cause = null)
    {
        Fault ??= fault;
        if (_trusted is not null) throw new InvalidDataException($"the signature of {Folder} does not hold: {fault}", cause);
    }
}
