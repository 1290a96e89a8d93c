using System.Globalization;
using EdgeML.Native.Imaging;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Training.Data;

/// <summary>Samples by index, as bytes (pictures) or as floats (tensors). An instance serves one thread at a time; reading a sample
/// allocates nothing unless the source says otherwise.</summary>
public abstract class ImageSource : IDisposable
{
    /// <summary>The label of a sample whose source has none.</summary>
    public const int NoLabel = -1;

    readonly List<string> _notes = [];
    readonly List<string> _warnings = [];
    ModelManifest? _model;
    int[]? _classOf;
    byte[]? _bytes;
    int _elements;

    /// <summary>The specification this source was opened from.</summary>
    public required string Spec { get; init; }

    /// <summary>Shape of a sample without the batch dimension: the network's input.</summary>
    public abstract IReadOnlyList<int> Shape { get; }

    /// <summary>Number of samples, or null when there is no end.</summary>
    public abstract long? Count { get; }

    /// <summary>Elements of a sample.</summary>
    public int Elements => _elements > 0 ? _elements : _elements = Shape.Aggregate(1, (product, dimension) => checked(product * dimension));

    /// <summary>Whether samples are bytes; otherwise <see cref="Read"/> throws and only <see cref="ReadTensor(long, Span{float}, float)"/> works.</summary>
    public virtual bool HasBytes => true;

    /// <summary>Whether samples have labels.</summary>
    public virtual bool HasLabels => true;

    /// <summary>Names of the classes by label, or empty.</summary>
    public virtual IReadOnlyList<string> ClassNames => [];

    /// <summary>The name of a sample: its file's name below the source's folder, or its index.</summary>
    /// <param name="index">0 or more. Past <see cref="Count"/> the samples begin again.</param>
    /// <exception cref="ArgumentException">The index is negative.</exception>
    public string NameOf(long index) => Name(Wrap(index));

    /// <summary>Names a sample; the index is inside <see cref="Count"/>.</summary>
    protected virtual string Name(long index) => index.ToString(CultureInfo.InvariantCulture);

    /// <summary>Skipped files, a sentence each.</summary>
    public virtual IReadOnlyList<string> Notes => _notes;

    /// <summary>Doubts whether labels or pictures are those of the model's training, a sentence each.</summary>
    public virtual IReadOnlyList<string> Warnings => _warnings;

    /// <summary>How many samples a command works on: those asked for, else all there are, else so many of an endless source.</summary>
    internal int Samples(int? asked, int ofEndless) => asked ?? (int)Math.Min(Count ?? ofEndless, int.MaxValue);

    /// <summary>Reads one sample's bytes in the network's layout and order of channels.</summary>
    /// <param name="index">0 or more. Past <see cref="Count"/> the samples begin again.</param>
    /// <param name="planes">Receives <see cref="Elements"/> bytes.</param>
    /// <returns>The label, or <see cref="NoLabel"/>.</returns>
    /// <exception cref="NotSupportedException">The source has no bytes.</exception>
    /// <exception cref="ArgumentException">The destination is too short or the index negative.</exception>
    public int Read(long index, Span<byte> planes)
    {
        if (!HasBytes) throw new NotSupportedException($"{Spec} holds floats, not bytes");
        if (planes.Length < Elements)
            throw new ArgumentException($"destination holds {planes.Length} bytes, a sample has {Elements}", nameof(planes));
        return Checked(index, ReadBytes(Wrap(index), planes[..Elements]));
    }

    /// <summary>Reads one sample as floats.</summary>
    /// <param name="index">0 or more. Past <see cref="Count"/> the samples begin again.</param>
    /// <param name="tensor">Receives <see cref="Elements"/> floats.</param>
    /// <param name="byteScale">Factor for a byte; a source of floats ignores it.</param>
    /// <returns>The label, or <see cref="NoLabel"/>.</returns>
    /// <exception cref="ArgumentException">The destination is too short or the index negative.</exception>
    public int ReadTensor(long index, Span<float> tensor, float byteScale = 1f / 255f)
    {
        if (tensor.Length < Elements)
            throw new ArgumentException($"destination holds {tensor.Length} floats, a sample has {Elements}", nameof(tensor));
        if (!HasBytes) return Checked(index, ReadFloats(Wrap(index), tensor[..Elements]));
        _bytes ??= new byte[Elements];
        int label = Checked(index, ReadBytes(Wrap(index), _bytes));
        for (int i = 0; i < _bytes.Length; i++) tensor[i] = _bytes[i] * byteScale;
        return label;
    }

    /// <summary>Reads one sample as a network's elements.</summary>
    internal int ReadTensor(long index, Span<float> tensor, InputPixels pixels)
    {
        if (!HasBytes) return ReadTensor(index, tensor);
        _bytes ??= new byte[Elements];
        int label = Read(index, _bytes);
        pixels.Decode(_bytes, tensor);
        return label;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Fills exactly <see cref="Elements"/> bytes; the index is inside <see cref="Count"/>.</summary>
    protected abstract int ReadBytes(long index, Span<byte> input);

    /// <summary>Fills exactly <see cref="Elements"/> floats; called when <see cref="HasBytes"/> is false.</summary>
    protected virtual int ReadFloats(long index, Span<float> tensor) => throw new NotSupportedException($"{Spec} holds bytes");

    /// <summary>Releases files.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>Takes labels as classes of a model: by name where both sides name them, else by number. Those beyond its classes are refused
    /// when they are read.</summary>
    /// <exception cref="InvalidDataException">Some names are the model's in another order, and others are none of its.</exception>
    internal virtual void Match(ModelManifest model)
    {
        if (!model.IsClassifier) return; // labels are numbers of something else
        _model = model;
        if (!HasLabels || ClassNames.Count == 0) return;
        var known = new LabelNames(model.ClassNames);
        int[] found = [.. ClassNames.Select(known.Find)];
        bool moved = found.Where((label, i) => label >= 0 && label != i).Any();
        int strange = Array.IndexOf(found, -1);
        if (moved && strange >= 0)
            throw new InvalidDataException(
                $"{Spec} and {model.Name} list classes in different orders, and '{ClassNames[strange]}' is none of the model's: "
                + FolderScan.List(model.ClassNames));
        if (moved)
        {
            _classOf = found;
            _notes.Add($"labels of {Spec} are matched with the classes of {model.Name} by name");
        }
        else if (strange >= 0 && ClassNames.Count < model.Classes)
            _warnings.Add($"{Spec} has {ClassNames.Count} classes, {model.Name} tells {model.Classes} apart; a label's number is taken as the class");
        else if (strange >= 0 && model.ClassNames.Count > 0)
            _warnings.Add(
                $"'{ClassNames[strange]}' of {Spec} is none of the classes of {model.Name}: {FolderScan.List(model.ClassNames)}; "
                + "a label's number is taken as the class");
    }

    int Checked(long index, int label)
    {
        if (_model is null || label < 0) return label;
        if (_classOf is not null) return _classOf[label];
        return label < _model.Classes
            ? label
            : throw new InvalidDataException($"sample {index} of {Spec} has label {label}, {_model.Name} tells {_model.Classes} classes apart");
    }

    long Wrap(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return Count is { } count ? index % count : index;
    }
}
