using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Training.Data;

namespace EdgeML.Simulation.Validation;

/// <summary>Puts inputs of a source through a session, as bytes where it has them. All are drawn beforehand: drawing between tasks would
/// use up the processor's time that a busy machine grants the tasks.</summary>
sealed class ValidationInput
{
    readonly byte[][] _bytes;
    readonly float[][] _tensors;

    public ValidationInput(ImageSource source, int count)
    {
        _bytes = new byte[source.HasBytes ? count : 0][];
        _tensors = new float[source.HasBytes ? 0 : count][];
        for (int i = 0; i < _bytes.Length; i++) source.Read(i, _bytes[i] = new byte[source.Elements]);
        for (int i = 0; i < _tensors.Length; i++) source.ReadTensor(i, _tensors[i] = new float[source.Elements]);
    }

    public TaskResult Run(EdgeSession session, int input) =>
        _bytes.Length > 0 ? session.Run(_bytes[input]) : session.Run(_tensors[input]);
}
