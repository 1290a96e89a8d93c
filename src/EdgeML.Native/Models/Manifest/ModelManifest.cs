using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EdgeML.Native.Models.Manifest;

/// <summary>The contents of a package's <c>model.json</c>: a branched network; immutable.</summary>
public sealed record ModelManifest
{
    /// <summary>Name for people, from the model file.</summary>
    public required string Name { get; init; }

    /// <summary><c>sha256:</c> and the hex digest of the original model; edge and tail must agree on it.</summary>
    public required string Hash { get; init; }

    /// <summary>The one input, without its batch dimension; where <see cref="Inputs"/> names several, the row that holds them.</summary>
    public required InputInfo Input { get; init; }

    /// <summary>Number of classes every exit tells apart; 0 for a network with <see cref="Outputs"/>.</summary>
    public required int Classes { get; init; }

    /// <summary>The inputs by their names in the model file, in the order of the row that <see cref="Input"/> describes; null for a
    /// network with one float32 input.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<NamedTensor>? Inputs { get; init; }

    /// <summary>The outputs of a network whose answer is no row of class scores (a detector, a segmentation, an embedding, several
    /// outputs), in the order of the row that an answer is; null for a classifier.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<NamedTensor>? Outputs { get; init; }

    /// <summary>Names of the classes, or empty.</summary>
    public IReadOnlyList<string> ClassNames { get; init; } = [];

    /// <summary>The units in order; unit i has index i, from 1.</summary>
    public required IReadOnlyList<UnitInfo> Units { get; init; }

    /// <summary>The cuts 0..units; the last one (<c>local</c>) sends nothing.</summary>
    public required IReadOnlyList<CutInfo> Cuts { get; init; }

    /// <summary>The side exits by depth, then the final one.</summary>
    public required IReadOnlyList<ExitInfo> Exits { get; init; }

    /// <summary>How pictures become the input; null in packages of older versions, which mean RGB or one grey channel, planes,
    /// <see cref="InputInfo.ByteScale"/> and the centred part, and where the input is no picture.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Preprocessing? Preprocessing { get; init; }

    /// <summary>How its side exits decide; absent in the file where it is <see cref="ExitRule.Entropy"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ExitRule ExitRule { get; init; }

    /// <summary>Version of the package format.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>How engines are made on the CPU; absent in files of earlier versions.</summary>
    public EngineSettings Engines { get; init; } = EngineSettings.Fastest;

    /// <summary>The package's binary files with length and digest.</summary>
    public IReadOnlyList<PackageFile> Files { get; init; } = [];

    /// <summary>The version of packages of classifiers with one input, as earlier versions of this library read them.</summary>
    public const int CurrentFormat = 2;

    /// <summary>The version of packages with <see cref="Inputs"/> or <see cref="Outputs"/>.</summary>
    public const int NamedTensorsFormat = 3;

    /// <summary>The version of packages with another exit rule than entropy: libraries that know no rules must not open them.</summary>
    internal const int ExitRuleFormat = 4;

    /// <summary>How a manifest is written as JSON: the keys of <c>inspect</c>, camelCase.</summary>
    public static JsonTypeInfo<ModelManifest> JsonContract => PackageJson.Default.ModelManifest;

    /// <summary>Digest of the tensors at the cuts and of the exits' inputs: one file, prepared with other options or by another version, may be
    /// cut elsewhere.</summary>
    [JsonIgnore]
    public string CutsDigest
    {
        get
        {
            var text = new StringBuilder();
            for (int k = 0; k < Units.Count; k++)
            {
                IReadOnlyList<int> shape = k == 0 ? Input.Shape : Units[k - 1].OutShape;
                text.Append(CultureInfo.InvariantCulture, $"{Cuts[k].Tensor}\n{Cuts[k].Type} {string.Join(' ', shape)}\n");
            }
            foreach (ExitInfo exit in Exits) text.Append(CultureInfo.InvariantCulture, $"{exit.AfterUnit} {exit.Tensor}\n");
            return ContentHash.Of(Encoding.UTF8.GetBytes(text.ToString()));
        }
    }

    /// <summary>The value on which edge and tail must agree: <see cref="Hash"/>, <see cref="ExitRule"/> where it is not entropy, and where
    /// pictures are not read in the usual way a digest of <see cref="Preprocessing"/>, for the tail turns the input's bytes into its elements.
    /// With <see cref="Inputs"/> or <see cref="Outputs"/> it also has a digest of these.</summary>
    [JsonIgnore]
    public string Identity
    {
        get
        {
            Preprocessing how = Preprocessing
                ?? PictureInput.Usual(PictureInput.Channels(Input.Shape, PixelLayout.Nchw), Input.ByteScale);
            string file = ExitRule == default ? Hash : $"{Hash}{RuleSeparator}{ExitRule}";
            string identity = how.IsUsual ? file : $"{file}{PictureSeparator}{how.Digest()}";
            if (Inputs is null && Outputs is null) return identity;
            var text = new StringBuilder();
            foreach (NamedTensor input in Inputs ?? []) text.Append(CultureInfo.InvariantCulture, $"in {input.Offset} {input}\n");
            foreach (NamedTensor output in Outputs ?? []) text.Append(CultureInfo.InvariantCulture, $"out {output.Offset} {output}\n");
            return $"{identity}+tensors:{ContentHash.Of(Encoding.UTF8.GetBytes(text.ToString()))[..32]}";
        }
    }

    /// <summary>Whether every exit gives scores of classes, so that answers have a class, an entropy and a confidence.</summary>
    [JsonIgnore]
    public bool IsClassifier => Outputs is null;

    /// <summary>Numbers of an answer: the scores of all classes, or the row of all outputs.</summary>
    [JsonIgnore]
    public int AnswerElements => Outputs is null ? Classes : NamedTensor.RowOf(Outputs);

    /// <summary>Whether an input may come as bytes, one per element: where it is the only one, and floats or bytes.</summary>
    [JsonIgnore]
    public bool TakesBytes => NamedTensor.TakeBytes(Inputs);

    /// <summary>Refuses a network without class scores, for work that has no meaning without them.</summary>
    /// <param name="what">The work, for a sentence: "calibration".</param>
    /// <exception cref="ArgumentException">It has <see cref="Outputs"/>.</exception>
    internal void RequireClassifier(string what)
    {
        if (Outputs is null) return;
        throw new ArgumentException(
            $"{what} needs class scores, and model {Name} has {Outputs.Count} output{(Outputs.Count == 1 ? "" : "s")} of another kind "
            + $"({string.Join(", ", Outputs.Take(3))}{(Outputs.Count > 3 ? ", ..." : "")})");
    }

    /// <summary>The same network with another exit rule.</summary>
    /// <exception cref="ArgumentException">It would wait for more side exits than there are, or there are no class scores.</exception>
    internal ModelManifest WithExitRule(ExitRule rule)
    {
        if (rule != default) RequireClassifier($"exit rule {rule}");
        if (rule.Patience > 1 && rule.Patience > SideExits)
            throw new ArgumentException(
                $"exit rule {rule} waits for {rule.Patience} side exits that agree, model {Name} has {SideExits}: it would never exit early");
        ModelManifest next = this with { ExitRule = rule };
        return next with { Format = next.FormatOfContent };
    }

    /// <summary>The format that its content takes.</summary>
    internal int FormatOfContent =>
        ExitRule != default ? ExitRuleFormat : Inputs is null && Outputs is null ? CurrentFormat : NamedTensorsFormat;

    /// <summary>Before the rule and before the digest of an <see cref="Identity"/>.</summary>
    internal const char RuleSeparator = '/', PictureSeparator = '+';

    /// <summary>Number of side exits, N; exit N + 1 is the final one.</summary>
    [JsonIgnore]
    public int SideExits => Exits.Count - 1;

    /// <summary>Elements of the tensor at a cut below <see cref="LocalCut"/>.</summary>
    public int BoundaryElements(int cut) => cut == 0 ? Input.Elements : (int)(Units[cut - 1].OutBytes / Cuts[cut].ElementBytes);

    /// <summary>The cut that runs everything on the edge.</summary>
    [JsonIgnore]
    public int LocalCut => Units.Count;

    /// <summary>Name, hash, input and sizes in one line.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{Name} ({(Hash.Length > 19 ? Hash[..19] : Hash)}): input {Input}, {(Outputs is null ? $"{Classes} classes" : $"{Outputs.Count} outputs")}, {Units.Count} units of {Units.Sum(unit => unit.Macs) / 1e6:0.0} MMAC, {SideExits} side exits");
}

/// <summary>The network's input.</summary>
/// <param name="Shape">Without the batch dimension, for instance 3, 96, 96.</param>
/// <param name="Type">Element type as ONNX names it in lower case; <c>float32</c>.</param>
/// <param name="ByteScale">Factor from a source byte to an element (1/255 for pixels in 0..1).</param>
public sealed record InputInfo(IReadOnlyList<int> Shape, string Type, double ByteScale)
{
    /// <summary>Elements of one input.</summary>
    [JsonIgnore]
    public int Elements
    {
        get
        {
            // Called several times per task: no enumerator.
            int product = 1;
            for (int i = 0; i < Shape.Count; i++) product = checked(product * Shape[i]);
            return product;
        }
    }

    /// <summary>Shape and type.</summary>
    public override string ToString() => $"{string.Join('x', Shape)} {Type}";
}

/// <summary>The smallest part of the trunk between two cuts.</summary>
/// <param name="Index">From 1.</param>
/// <param name="Name">Of its main operator.</param>
/// <param name="Macs">Multiply-accumulates of one input.</param>
/// <param name="OutBytes">Bytes of its output tensor as <see cref="CutInfo.Type"/> says; for the last unit, of the logits.</param>
/// <param name="OutShape">Without the batch dimension.</param>
public sealed record UnitInfo(int Index, string Name, long Macs, long OutBytes, IReadOnlyList<int> OutShape)
{
    /// <summary>Index, name, work and output.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"unit {Index} {Name}: {Macs / 1e6:0.00} MMAC, puts out {string.Join('x', OutShape)} ({OutBytes} bytes)");
}

/// <summary>A place where the network can be divided between edge and tail.</summary>
/// <param name="K">Units run on the edge.</param>
/// <param name="Bytes">Payload without compression: the source's bytes at cut 0, elements of the cut's type at later ones, 0 at the last
/// (nothing is sent).</param>
/// <param name="Candidate">Whether controllers consider it.</param>
/// <param name="Tensor">Name of the one activation that crosses, empty at the last cut.</param>
/// <param name="Type">The uncompressed type at the cut: <c>float32</c>, or the integers of a quantised network: <c>uint8</c>,
/// <c>int8</c>, <c>uint16</c>, <c>int16</c>.</param>
public sealed record CutInfo(int K, long Bytes, bool Candidate, string Tensor, string Type = CutInfo.Float)
{
    internal const string Float = "float32";

    /// <summary>Whether the tensor holds integers of a quantised network, which travel as they are.</summary>
    [JsonIgnore]
    public bool IsQuantised => Type != Float;

    /// <summary>Bytes of an element of <see cref="Type"/>.</summary>
    [JsonIgnore]
    public int ElementBytes => Type switch
    {
        "uint8" or "int8" => 1,
        "uint16" or "int16" => 2,
        _ => sizeof(float),
    };
}

/// <summary>A place where an answer can leave.</summary>
/// <param name="Index">From 1; the final exit is the last.</param>
/// <param name="Name">Of its output in the model.</param>
/// <param name="AfterUnit">Index of the unit whose output it reads; for the final exit the last unit.</param>
/// <param name="Macs">Of the head alone; 0 for the final exit, whose work is in the units.</param>
/// <param name="Layers">Fully-connected or convolution layers of the head.</param>
/// <param name="Tensor">Name of the tensor with its logits; another one than the output where a softmax was left out.</param>
public sealed record ExitInfo(int Index, string Name, int AfterUnit, long Macs, int Layers, string Tensor = "")
{
    /// <summary>How the model file's own output follows from these logits.</summary>
    public OutputForm Form { get; init; }
}

/// <summary>One binary file of a package.</summary>
/// <param name="Name">Without folder.</param>
/// <param name="Bytes">Length.</param>
/// <param name="Sha256">Hex digest.</param>
public sealed record PackageFile(string Name, long Bytes, string Sha256);
