using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;

namespace EdgeML.Benchmarks.Subjects;

/// <summary>The exit decision over ten classes, as a caller of the native library gets it.</summary>
sealed class DecisionSubject
{
    const int Classes = 10;
    const int Inputs = 64;

    readonly float[] _logits = new float[Inputs * Classes];
    DecisionNative _decision = new();
    int _next;

    public DecisionSubject()
    {
        NativeLibraryLoader.EnsureLoaded();
        var random = new Random(1);
        for (int i = 0; i < _logits.Length; i++) _logits[i] = (random.NextSingle() * 16) - 8;
    }

    public float Entropy => _decision.Entropy;

    /// <summary>One decision; inputs change from call to call so that no branch is learned by heart.</summary>
    public void Decide()
    {
        _next = (_next + 1) % Inputs;
        NativeError.Check(NativeMethods.Decide(ref _decision, _logits.AsSpan(_next * Classes, Classes), Classes));
    }

    /// <summary>A native call that does nothing: what any call costs.</summary>
    public uint Nothing() => NativeMethods.AbiVersion();

    /// <summary>Compares every input with the textbook formula in double precision.</summary>
    /// <exception cref="InvalidOperationException">They differ.</exception>
    public void Verify()
    {
        for (int i = 0; i < Inputs; i++)
        {
            Decide();
            ReadOnlySpan<float> logits = _logits.AsSpan(_next * Classes, Classes);
            double sum = 0, entropy = 0;
            foreach (float logit in logits) sum += Math.Exp(logit);
            foreach (float logit in logits) entropy -= Math.Exp(logit) / sum * Math.Log(Math.Exp(logit) / sum) / Math.Log(Classes);
            int label = 0;
            for (int c = 1; c < Classes; c++) label = logits[c] > logits[label] ? c : label;
            if (Math.Abs(entropy - _decision.Entropy) > 1e-5 || label != _decision.Label)
                throw new InvalidOperationException(
                    $"class {_decision.Label}, entropy {_decision.Entropy}; by the formula {label}, {entropy}");
        }
    }
}
