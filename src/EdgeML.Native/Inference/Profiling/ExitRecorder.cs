using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Inference.Profiling;

/// <summary>Runs inputs through every exit and keeps entropy and class of each: calibration, curves, replay. One thread at a
/// time.</summary>
public sealed class ExitRecorder : IDisposable
{
    readonly FullNetwork _network;
    readonly ModelManifest _manifest;
    readonly List<float> _entropies = [];
    readonly List<int> _classes = [];
    readonly List<int> _labels = [];

    /// <summary>Records a model, which must outlive the recorder.</summary>
    /// <param name="model">Loaded.</param>
    /// <exception cref="ArgumentException">Its outputs are no class scores.</exception>
    public ExitRecorder(BranchedModel model)
        : this(model, model.Manifest.ExitRule)
    {
    }

    /// <summary>Records a model as it would decide by another rule.</summary>
    /// <param name="model">Loaded.</param>
    /// <param name="rule">Built in, or the model's own.</param>
    /// <exception cref="ArgumentException">A custom rule that is not the model's, or outputs that are no class scores.</exception>
    public ExitRecorder(BranchedModel model, ExitRule rule)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (rule.Kind == ExitRuleKind.Custom && rule != model.ExitRule.Rule)
            throw new ArgumentException($"model {model.Manifest.Name} was not loaded with the exit rule {rule}", nameof(rule));
        model.Manifest.RequireClassifier("recording exits");
        (_manifest, Rule) = (model.Manifest, rule);
        _network = new FullNetwork(model, rule: rule);
    }

    /// <summary>The rule by which <see cref="Entropy"/> is measured.</summary>
    public ExitRule Rule { get; }

    /// <summary>Inputs recorded so far.</summary>
    public int Samples => _labels.Count;

    /// <summary>Runs and records one input.</summary>
    /// <param name="source">Its bytes.</param>
    /// <param name="label">Its class, or -1 if unknown.</param>
    public void Record(ReadOnlySpan<byte> source, int label)
    {
        _network.Run(source);
        Keep(label);
    }

    /// <summary>Runs and records one input.</summary>
    /// <param name="tensor">The model's input tensor.</param>
    /// <param name="label">Its class, or -1 if unknown.</param>
    public void Record(ReadOnlySpan<float> tensor, int label)
    {
        _network.Run(tensor);
        Keep(label);
    }

    /// <summary>Normalised entropy of a sample at an exit (1..N + 1), or what <see cref="Rule"/> has in its place.</summary>
    public float Entropy(int sample, int exit) => _entropies[(sample * _manifest.Exits.Count) + exit - 1];

    /// <summary>Class that an exit (1..N + 1) answered.</summary>
    public int Class(int sample, int exit) => _classes[(sample * _manifest.Exits.Count) + exit - 1];

    /// <summary>Label as it was given.</summary>
    public int Label(int sample) => _labels[sample];

    /// <summary>The recorded samples as calibration: judged by labels where every sample has one, else by agreement with the final
    /// exit.</summary>
    /// <param name="source">Where the samples come from, for the record.</param>
    /// <param name="byLabels">False judges by agreement in any case.</param>
    public ExitCalibration ToCalibration(string source, bool byLabels = true)
    {
        int exits = _manifest.Exits.Count;
        bool labelled = byLabels && _labels.TrueForAll(label => label >= 0);
        var correct = new bool[_classes.Count];
        for (int i = 0; i < correct.Length; i++)
        {
            int sample = i / exits;
            correct[i] = _classes[i] == (labelled ? _labels[sample] : Class(sample, exits));
        }
        return new ExitCalibration(exits, [.. _entropies], correct, source, labelled) { Rule = Rule };
    }

    /// <summary>Frees the network's memory; the records stay readable.</summary>
    public void Dispose() => _network.Dispose();

    void Keep(int label)
    {
        // A program's rule says by NaN that an exit must not answer, which 1 says too and files can hold.
        foreach (float entropy in _network.Entropies) _entropies.Add(float.IsNaN(entropy) && Rule.Kind == ExitRuleKind.Custom ? 1 : entropy);
        foreach (int @class in _network.Classes) _classes.Add(@class);
        _labels.Add(label);
    }
}
