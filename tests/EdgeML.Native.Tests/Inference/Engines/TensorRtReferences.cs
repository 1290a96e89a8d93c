namespace EdgeML.Native.Tests.Inference.Engines;

/// <summary>One reference per network for all tests of a class; a network is loaded when it is first asked for.</summary>
public sealed class TensorRtReferences : IDisposable
{
    readonly Dictionary<string, TensorRtReference> _known = [];

    internal TensorRtReference Of(string file)
    {
        if (!_known.TryGetValue(file, out TensorRtReference? reference)) _known[file] = reference = new TensorRtReference(file);
        return reference;
    }

    public void Dispose()
    {
        foreach (TensorRtReference reference in _known.Values) reference.Dispose();
    }
}
