using EdgeML.Native.Inference;
using EdgeML.Native.Lab.Data;

namespace EdgeML.Native.Lab.Reality;

/// <summary>Puts inputs of a source through a session, as bytes where it has them.</summary>
sealed class RealityInput(ImageSource source)
{
    readonly byte[] _bytes = source.HasBytes ? new byte[source.Elements] : [];
    readonly float[] _tensor = source.HasBytes ? [] : new float[source.Elements];

    public TaskResult Run(EdgeSession session, int input)
    {
        if (source.HasBytes)
        {
            source.Read(input, _bytes);
            return session.Run(_bytes);
        }
        source.ReadTensor(input, _tensor);
        return session.Run(_tensor);
    }
}
