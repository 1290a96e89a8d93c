using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Inference.Tasks;

/// <summary>All inputs, or all outputs, of one task, in one piece of memory that is used for task after task. One thread at a time.</summary>
/// <remarks>Floats are read and written in place; integers through <see cref="CopyTo"/> and <see cref="Set(string, ReadOnlySpan{long})"/>.
/// After <see cref="Sessions.EdgeSession.Run(TensorRow, TensorRow)"/> has returned, outputs stay until the next call with this row.</remarks>
public sealed class TensorRow
{
    readonly float[] _row;

    internal TensorRow(IReadOnlyList<NamedTensor> tensors) => (Tensors, _row) = (tensors, new float[NamedTensor.RowOf(tensors)]);

    /// <summary>Names, shapes and types.</summary>
    public IReadOnlyList<NamedTensor> Tensors { get; }

    /// <summary>A tensor's floats, to be read or written in place, in C order.</summary>
    /// <param name="name">One of <see cref="Tensors"/>.</param>
    /// <exception cref="ArgumentException">There is no such tensor.</exception>
    /// <exception cref="InvalidOperationException">It holds integers of more than 16 bits.</exception>
    public Span<float> this[string name] => Find(name).In(_row.AsSpan());

    /// <summary>All floats, as <see cref="Sessions.EdgeSession.Run(ReadOnlySpan{float}, Span{float})"/> takes and gives them.</summary>
    public Span<float> Row => _row;

    internal Memory<float> Memory => _row;

    /// <summary>The description of a tensor.</summary>
    /// <param name="name">One of <see cref="Tensors"/>.</param>
    /// <exception cref="ArgumentException">There is no such tensor.</exception>
    public NamedTensor Find(string name)
    {
        // Called per task: no enumerator.
        for (int i = 0; i < Tensors.Count; i++)
            if (Tensors[i].Name == name) return Tensors[i];
        throw new ArgumentException($"no tensor is named '{name}'; there are {string.Join(", ", Tensors.Select(t => t.Name))}", nameof(name));
    }

    /// <summary>Writes a tensor of floats.</summary>
    /// <param name="name">One of <see cref="Tensors"/>.</param>
    /// <param name="elements">All of them, in C order.</param>
    /// <exception cref="ArgumentException">There is no such tensor, or it has another number of elements.</exception>
    /// <exception cref="InvalidOperationException">It holds integers.</exception>
    public void Set(string name, ReadOnlySpan<float> elements) => Find(name).Write(elements, _row);

    /// <summary>Writes a tensor of integers or truth values.</summary>
    /// <param name="name">One of <see cref="Tensors"/>.</param>
    /// <param name="elements">All of them, in C order.</param>
    /// <exception cref="ArgumentException">There is no such tensor, it has another number of elements, or one is outside of its type's
    /// range.</exception>
    /// <exception cref="InvalidOperationException">It holds floats.</exception>
    public void Set(string name, ReadOnlySpan<long> elements) => Find(name).Write(elements, _row);

    /// <summary>Reads a tensor of integers or truth values.</summary>
    /// <param name="name">One of <see cref="Tensors"/>.</param>
    /// <param name="elements">Receives all of them, in C order.</param>
    /// <exception cref="ArgumentException">There is no such tensor, or it has another number of elements.</exception>
    /// <exception cref="InvalidOperationException">It holds floats.</exception>
    public void CopyTo(string name, Span<long> elements) => Find(name).CopyTo(_row, elements);
}
