using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Policies;
using EdgeML.Native.Preparation.Options;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>Describes a trunk as a manifest: names, shapes, bytes, MACs, candidate cuts.</summary>
static class ManifestBuilder
{
    internal static ModelManifest Build(Classifier model, Trunk trunk, int classes, string name, string hash, PrepareOptions options)
    {
        if (trunk.Exits.Count > ExitPolicy.MaxExits)
            throw new InvalidDataException($"{trunk.Exits.Count} side exits, at most {ExitPolicy.MaxExits} are supported");
        var units = new List<UnitInfo>();
        var names = new HashSet<string>();
        for (int u = 0; u < trunk.Units.Count; u++)
        {
            TensorInfo output = model.Info(trunk.Boundaries[u + 1]);
            long elements = output.Elements;
            if (elements > int.MaxValue / sizeof(float))
                throw new InvalidDataException(
                    $"tensor '{trunk.Boundaries[u + 1]}' has {elements} elements, a cut at most {int.MaxValue / sizeof(float)}");
            string unit = Name(model, trunk.Units[u]);
            string distinct = unit;
            for (int i = 2; !names.Add(distinct); i++) distinct = $"{unit}_{i}";
            units.Add(new UnitInfo(
                u + 1, distinct, Macs(model, trunk.Units[u]), elements * Width(output.Type), output.WithoutBatch()));
        }
        IReadOnlyList<int> shape = model.InputInfo.WithoutBatch();
        long[] bytes = [model.InputInfo.Elements * (NamedTensor.TakeBytes(model.Inputs) ? 1 : sizeof(float)), .. units.SkipLast(1).Select(u => u.OutBytes), 0];
        string[] types =
        [
            .. trunk.Boundaries.Select((b, k) =>
                k < units.Count && model.Info(b).Type is int type && ElementType.IsQuantised(type) ? ElementType.Name(type) : CutInfo.Float),
        ];
        bool[] candidates = CandidateCuts.Choose([.. units.Select(u => u.Macs)], bytes, [.. trunk.Exits.Select(e => e.AfterUnit)]);
        List<ExitInfo> exits =
        [
            .. trunk.Exits.Select((e, i) =>
                new ExitInfo(i + 1, e.Name, e.AfterUnit, Macs(model, e.Head), Layers(model, e.Head), e.Logits)
                {
                    Form = model.Forms[e.Name],
                }),
        ];
        exits.Add(new ExitInfo(exits.Count + 1, trunk.Final.Name, units.Count, 0, 0, trunk.Final.Logits)
        {
            Form = model.Forms[trunk.Final.Name],
        });
        string? note = null;
        IReadOnlyList<string> classNames = model.RawOutputs is not null ? [] : options.ClassNames ?? ClassNames.FromMetadata(
            model.Model.MetadataProps.Select(p => KeyValuePair.Create(p.Key, p.Value)), classes, out note);
        if (note is not null) model.Note(note);
        if (classNames.Count == 0) classNames = model.ClassNames ?? [];
        if (classNames.Count != 0 && classNames.Count != classes)
            throw new InvalidDataException($"{classNames.Count} class names, the model tells {classes} classes apart");
        (double scale, Preprocessing? preprocessing) = PreprocessingReader.Read(model, shape, options);
        return new ModelManifest
        {
            Name = name,
            Hash = hash,
            Input = new InputInfo(shape, ElementType.Name(ElementType.Float), scale),
            Preprocessing = preprocessing,
            Format = model.Inputs is null && model.RawOutputs is null ? ModelManifest.CurrentFormat : ModelManifest.NamedTensorsFormat,
            Inputs = model.Inputs,
            Outputs = model.RawOutputs,
            Classes = classes,
            ClassNames = classNames,
            Units = units,
            Cuts = [.. bytes.Select((b, k) => new CutInfo(k, b, candidates[k], k == units.Count ? "" : trunk.Boundaries[k], types[k]))],
            Exits = exits,
        }.WithExitRule(options.ExitRule ?? default);
    }

    /// <summary>Bytes that an element takes on its way.</summary>
    static int Width(int type) => ElementType.IsQuantised(type) ? ElementType.Bytes(type) : sizeof(float);

    static long Macs(Classifier model, IReadOnlyList<int> nodes) =>
        nodes.Sum(n => model.Work.MacsOrMeasured(model.Index.Nodes[n]));

    static int Layers(Classifier model, IReadOnlyList<int> nodes) => nodes.Count(n => Operators.IsLayer(model.Index.Nodes[n]));

    /// <summary>The node that does most of the work, named as in the file or by its operator.</summary>
    static string Name(Classifier model, IReadOnlyList<int> nodes)
    {
        NodeProto main = model.Index.Nodes[nodes
            .Where(n => !Operators.IsElementwise(model.Index.Nodes[n]) && !Operators.IsLayout(model.Index.Nodes[n]))
            .DefaultIfEmpty(nodes[0])
            .MaxBy(n => model.Work.Macs(model.Index.Nodes[n]))];
        return main.Name.Length > 0 ? main.Name : main.OpType.ToLowerInvariant();
    }
}
