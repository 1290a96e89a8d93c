using EdgeML.Native.Codecs;
using EdgeML.Native.Imaging;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Inference.Engines;

/// <summary>Room for one task under way: its memory, and every plan used so far bound to it. One thread at a time.</summary>
sealed unsafe class InferenceSlot : IDisposable
{
    // A learner that tries everything must not collect chains without bound.
    const int MostPlans = 512;

    readonly BranchedModel _model;
    readonly Dictionary<PlanKey, ChainPlan> _plans = [];
    FrameFitter? _fitter;
    bool _inputIsBytes;
    bool _inputIsDecoded;
    readonly int[] _said;
    RunResultNative _result = new();

    public InferenceSlot(BranchedModel model)
    {
        _model = model;
        Workspace = new Workspace(model.Backend, model.Manifest);
        ReplyLogits = new float[model.Manifest.AnswerElements];
        _said = new int[model.Manifest.ExitRule.Patience > 1 ? model.Manifest.SideExits : 0];
        Array.Fill(_said, -1);
    }

    /// <summary>The outcome of the last run.</summary>
    public ref readonly RunResultNative Result => ref _result;

    /// <summary>The task under way.</summary>
    public TaskState Task { get; } = new();

    /// <summary>The waiting time of the caller that has it, milliseconds; 0 where it was free.</summary>
    public double WaitedMs { get; set; }

    /// <summary>Where the tail's logits arrive.</summary>
    public float[] ReplyLogits { get; }

    public Workspace Workspace { get; }

    ModelManifest Manifest => _model.Manifest;

    /// <summary>Whether the input came as bytes, which cut 0 sends as they are.</summary>
    public bool HasSourceBytes => _inputIsBytes;

    /// <summary>Takes the input as source bytes, in the model's layout.</summary>
    /// <exception cref="ArgumentException">Another length than the model's input, or a model with several inputs.</exception>
    public void Load(ReadOnlySpan<byte> source)
    {
        if (!Manifest.TakesBytes)
            throw new ArgumentException(
                $"model {Manifest.Name} takes {string.Join(", ", Manifest.Inputs!)}, not bytes; EdgeSession.NewInputs makes a row for them");
        Check(source.Length);
        source.CopyTo(Workspace.Source.Data);
        (_inputIsBytes, _inputIsDecoded) = (true, false);
    }

    /// <summary>Takes the input as a picture, which is brought to the input's size, layout and colours.</summary>
    /// <exception cref="ArgumentException">The model takes no pictures.</exception>
    public void Load(in ImageFrame frame)
    {
        (_fitter ??= new FrameFitter(Manifest)).Fit(frame, Workspace.Source.Data);
        (_inputIsBytes, _inputIsDecoded) = (true, false);
    }

    /// <summary>Takes the input as the model's own tensor.</summary>
    /// <exception cref="ArgumentException">Another length than the model's input.</exception>
    public void Load(ReadOnlySpan<float> tensor)
    {
        Check(tensor.Length);
        tensor.CopyTo(Workspace.Boundary(0).Floats);
        (_inputIsBytes, _inputIsDecoded) = (false, true);
    }

    /// <summary>Runs units <paramref name="start"/> + 1 .. <paramref name="stop"/> with the exits between them.</summary>
    /// <returns>Whether an exit answered; otherwise the tensor at <paramref name="stop"/> is ready.</returns>
    public bool Run(int start, int stop, ReadOnlySpan<float> thresholds)
    {
        if (start == 0) Array.Fill(_said, -1);
        if (start == 0 && stop > 0) DecodeInput();
        return Run(PlanFor(PlanKey.For(Manifest, start, stop, thresholds)), thresholds);
    }

    /// <summary>Runs a plan that is bound to this slot's memory.</summary>
    /// <returns>Whether an exit answered.</returns>
    public bool Run(ChainPlan plan, ReadOnlySpan<float> thresholds)
    {
        if (plan.IsEmpty) return false;
        plan.Run(thresholds, ref _result, said: _said);
        for (int i = 0; i < _said.Length; i++)
            if (_result.ExitLabel[i] >= 0) _said[i] = float.IsNaN(_result.ExitEntropy[i]) ? -1 : _result.ExitLabel[i];
        return Result.Outcome != NativeOutcome.Cut;
    }

    /// <summary>Runs everything after a cut, from a tensor that lies elsewhere.</summary>
    /// <param name="policy">Its cut and thresholds.</param>
    /// <param name="tensor">Float32, at the start; not kept.</param>
    public void RunFrom(in ExitPolicy policy, PinnedBuffer tensor) =>
        PlanFor(PlanKey.For(Manifest, policy.Cut, Manifest.LocalCut, policy.Thresholds))
            .Run(policy.Thresholds, ref _result, input: tensor, said: _said);

    /// <summary>The streak of the side exits before a cut, from the runs so far.</summary>
    public ExitStreak StreakAt(int cut) => _said.Length == 0 ? default : ExitStreak.At(Manifest, cut, _said);

    /// <summary>Takes over the streak of the side exits before a cut, which ran elsewhere.</summary>
    public void ContinueFrom(int cut, ExitStreak streak)
    {
        if (_said.Length > 0) streak.Fill(Manifest, cut, _said);
    }

    /// <summary>Takes a payload as the tensor at a cut.</summary>
    /// <param name="policy">Its cut and bottleneck.</param>
    /// <param name="encoding">Of the payload.</param>
    /// <param name="payload">As many bytes as the tensor takes in that encoding.</param>
    public void Receive(in ExitPolicy policy, TensorEncoding encoding, ReadOnlySpan<byte> payload)
    {
        Decode(policy, encoding, payload, Workspace.Boundary(policy.Cut).Floats);
        _inputIsDecoded = true;
    }

    /// <summary>Writes a payload as the tensor at a cut.</summary>
    /// <param name="policy">Its cut and bottleneck.</param>
    /// <param name="encoding">Of the payload.</param>
    /// <param name="payload">As many bytes as the tensor takes in that encoding.</param>
    /// <param name="tensor">Gets it.</param>
    public void Decode(in ExitPolicy policy, TensorEncoding encoding, ReadOnlySpan<byte> payload, Span<float> tensor)
    {
        CutInfo cut = Manifest.Cuts[policy.Cut];
        switch (encoding)
        {
            case TensorEncoding.Quantised: QuantisedCodec.Decode(cut, payload, tensor); return;
            case TensorEncoding.Bytes: _model.Pixels.Decode(payload, tensor); return;
            case TensorEncoding.Bottleneck: _model.Bottlenecks.Map(policy.Bottleneck).Decode(payload, tensor); break;
            default: TensorPayload.Decode(encoding, payload, tensor, 1f); break;
        }
        if (cut.IsQuantised) QuantisedCodec.RoundToLevels(cut, tensor);
    }

    /// <summary>Entropy, in the last run, of the first side exit that tells something (<see cref="ExitRule.FirstTelling"/>); NaN where none
    /// ran.</summary>
    public float FirstEntropy(ReadOnlySpan<float> thresholds)
    {
        int first = Manifest.ExitRule.FirstTelling(thresholds);
        return first >= 0 && Result.ExitLabel[first] >= 0 ? Result.ExitEntropy[first] : float.NaN;
    }

    /// <summary>An exit's output in the last run: class and normalised entropy; -1 where it was not tried.</summary>
    public (int Class, float Entropy) SaidAt(int exit) => (Result.ExitLabel[exit - 1], Result.ExitEntropy[exit - 1]);

    /// <summary>Makes a payload of the tensor at a cut: the tensor's own memory for float32 and source bytes, a copy otherwise.</summary>
    /// <returns>Pinned, with headroom before it.</returns>
    public (nint Address, int Bytes) Encode(in ExitPolicy policy, TensorEncoding encoding)
    {
        if (encoding != TensorEncoding.Bottleneck) return Encode(policy.Cut, encoding);
        LinearBottleneck map = _model.Bottlenecks.Map(policy.Bottleneck);
        map.Encode(Workspace.Boundary(policy.Cut).Floats, Workspace.Packed.Data[..map.PayloadBytes]);
        return (Workspace.Packed.Address, map.PayloadBytes);
    }

    (nint Address, int Bytes) Encode(int cut, TensorEncoding encoding)
    {
        var tensor = Workspace.Boundary(cut);
        int bytes = BytesAt(cut, encoding);
        if (encoding == TensorEncoding.Bytes) return (Workspace.Source.Address, bytes);
        if (encoding == TensorEncoding.Float32) return (tensor.Address, bytes);
        Span<byte> payload = Workspace.Packed.Data[..bytes];
        if (encoding == TensorEncoding.Quantised) QuantisedCodec.Encode(Manifest.Cuts[cut], tensor.Floats, payload);
        else TensorPayload.Encode(encoding, tensor.Floats, payload);
        return (Workspace.Packed.Address, bytes);
    }

    int BytesAt(int cut, TensorEncoding encoding)
    {
        int elements = Workspace.Boundary(cut).Floats.Length;
        return encoding == TensorEncoding.Quantised
            ? elements * Manifest.Cuts[cut].ElementBytes : TensorPayload.Bytes(encoding, elements);
    }

    /// <summary>Leaves integers at a cut of a quantised network, whose tensor a codec has changed.</summary>
    public void RoundToLevels(int cut)
    {
        if (Manifest.Cuts[cut].IsQuantised) QuantisedCodec.RoundToLevels(Manifest.Cuts[cut], Workspace.Boundary(cut).Floats);
    }

    /// <summary>Leaves the tensor at a cut as the other side of a transfer would see it.</summary>
    public void ApplyCodec(in ExitPolicy policy, TensorEncoding encoding)
    {
        if (encoding == TensorEncoding.Bottleneck)
        {
            (_, int bytes) = Encode(policy, encoding);
            Receive(policy, encoding, Workspace.Packed.Data[..bytes]);
        }
        else ApplyCodec(policy.Cut, encoding);
    }

    /// <summary>The same for a codec without bottlenecks.</summary>
    public void ApplyCodec(int cut, TensorEncoding encoding)
    {
        if (cut >= Manifest.LocalCut || encoding is not (TensorEncoding.Float16 or TensorEncoding.Int8)) return;
        if (cut == 0) DecodeInput();
        (_, int bytes) = Encode(cut, encoding);
        Receive(new ExitPolicy([], cut), encoding, Workspace.Packed.Data[..bytes]);
    }

    /// <summary>Copies the answering exit's logits; pass an empty span to skip them.</summary>
    public void CopyLogits(Span<float> destination)
    {
        if (destination.IsEmpty) return;
        new ReadOnlySpan<float>(Result.Logits, (int)Result.LogitCount).CopyTo(destination);
    }

    /// <summary>The bound plan of a key.</summary>
    public ChainPlan PlanFor(PlanKey key)
    {
        if (_plans.TryGetValue(key, out var plan)) return plan;
        if (_plans.Count >= MostPlans) DropPlans();
        plan = new ChainPlan(_model, Workspace, key);
        _plans.Add(key, plan);
        return plan;
    }

    /// <summary>Turns source bytes into the input tensor, once per task.</summary>
    public void DecodeInput()
    {
        if (_inputIsDecoded) return;
        _model.Pixels.Decode(Workspace.Source.Data, Workspace.Boundary(0).Floats);
        _inputIsDecoded = true;
    }

    public void Dispose()
    {
        DropPlans();
        Workspace.Dispose();
    }

    void DropPlans()
    {
        foreach (var plan in _plans.Values) plan.Dispose();
        _plans.Clear();
    }

    void Check(int elements)
    {
        if (elements != Manifest.Input.Elements)
            throw new ArgumentException($"input holds {elements} elements, model {Manifest.Name} takes {Manifest.Input.Elements}");
    }
}
