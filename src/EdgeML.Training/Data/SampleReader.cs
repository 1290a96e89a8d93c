using EdgeML.Native.Inference.Engines;

namespace EdgeML.Training.Data;

/// <summary>Puts samples of a source into a slot, as bytes where it has them.</summary>
sealed class SampleReader(ImageSource source)
{
    readonly byte[] _bytes = source.HasBytes ? new byte[source.Elements] : [];
    readonly float[] _floats = source.HasBytes ? [] : new float[source.Elements];

    /// <summary>Loads a sample.</summary>
    /// <returns>Its label, or <see cref="ImageSource.NoLabel"/>.</returns>
    public int Load(InferenceSlot slot, long index)
    {
        int label = source.HasBytes ? source.Read(index, _bytes) : source.ReadTensor(index, _floats);
        if (source.HasBytes) slot.Load(_bytes);
        else slot.Load(_floats);
        return label;
    }
}
