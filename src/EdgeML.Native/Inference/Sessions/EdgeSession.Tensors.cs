using System.Runtime.CompilerServices;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Inference.Sessions;

/// <content>Inputs and outputs as tensors, and by their names.</content>
public sealed partial class EdgeSession
{
    NamedTensor[]? _scores;

    /// <summary>The outputs, in the order of the row that an answer is: names and shapes as in the model file. Of a classifier one, the scores of
    /// the exit that answered. Any thread.</summary>
    public IReadOnlyList<NamedTensor> Outputs =>
        _model.Manifest.Outputs ?? (_scores ??= [new NamedTensor(_model.Manifest.Exits[^1].Name, [1, _model.Manifest.Classes], "float32", 0)]);

    /// <summary>Memory for all outputs of a task, to be used for task after task.</summary>
    public TensorRow NewOutputs() => new(Outputs);

    /// <summary>Memory for all inputs of a task, to be used for task after task; of a network with one float32 input it holds that one.</summary>
    public TensorRow NewInputs()
    {
        ModelManifest manifest = _model.Manifest;
        return new TensorRow(manifest.Inputs ?? [new NamedTensor(manifest.Cuts[0].Tensor, [1, .. manifest.Input.Shape], "float32", 0)]);
    }

    /// <summary>Answers one set of inputs and blocks until it is answered.</summary>
    /// <param name="inputs">Made by <see cref="NewInputs"/>, with all tensors written; read before the call returns.</param>
    /// <param name="outputs">Made by <see cref="NewOutputs"/>, receives the outputs; null where only costs are wanted.</param>
    /// <exception cref="ArgumentException">Rows of another model.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public TaskResult Run(TensorRow inputs, TensorRow? outputs = null)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        return Run(inputs.Row, outputs is null ? default : outputs.Row);
    }

    /// <summary>Answers one set of inputs; the edge's part runs on the caller's thread, waiting for the tail does not.</summary>
    /// <param name="inputs">Must not change until the call returns.</param>
    /// <param name="outputs">Receives the outputs; null where only costs are wanted.</param>
    /// <param name="cancellation">Ends the wait for a free slot and for the tail.</param>
    /// <exception cref="ArgumentException">Rows of another model.</exception>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellation"/>; the task has no answer and counts nowhere.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public ValueTask<TaskResult> RunAsync(TensorRow inputs, TensorRow? outputs = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        return RunAsync(inputs.Memory, outputs is null ? default : outputs.Memory, cancellation);
    }

    /// <summary>Answers one input; the edge's part runs on the caller's thread, waiting for the tail does not.</summary>
    /// <param name="tensor">The model's input tensor; must not change until the call returns.</param>
    /// <param name="logits">Receives the answering exit's logits, one per class, or the row of all <see cref="Outputs"/>; empty where they are not wanted.</param>
    /// <param name="cancellation">Ends the wait for a free slot and for the tail. The session stays usable; a tensor that was sent is not
    /// called back, its answer is dropped.</param>
    /// <exception cref="ArgumentException">Another length than the model's input or answer.</exception>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellation"/>; the task has no answer and counts nowhere.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<TaskResult> RunAsync(
        ReadOnlyMemory<float> tensor, Memory<float> logits = default, CancellationToken cancellation = default)
    {
        CheckLogits(logits.Length);
        var slot = await _slots.RentAsync(cancellation).ConfigureAwait(false);
        try
        {
            _tasks.Begin(slot);
            slot.Load(tensor.Span);
            return await _tasks.RunAsync(slot, logits, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _slots.Return(slot);
        }
    }
}
