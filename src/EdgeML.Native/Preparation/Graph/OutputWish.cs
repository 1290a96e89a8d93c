using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>An output of the file that may become an exit.</summary>
/// <param name="Name">In the file.</param>
/// <param name="Tensor">The tensor of its values: the output itself, or the input of the map that it is.</param>
/// <param name="Asked">Whether the caller named it.</param>
/// <param name="ClassNames">Names of the classes that the graph holds for it, or null.</param>
sealed record OutputWish(string Name, string Tensor, bool Asked, IReadOnlyList<string>? ClassNames)
{
    /// <summary>The outputs that may become exits, in the order of the file.</summary>
    /// <param name="graph">Whole.</param>
    /// <param name="index">Of the graph.</param>
    /// <param name="exits">Names of the side exits, or null for all outputs that can be one.</param>
    /// <param name="final">Name of the final output, or null.</param>
    /// <param name="notes">Called for outputs left out.</param>
    /// <exception cref="InvalidDataException">No output, an unknown one, or one that cannot hold scores.</exception>
    internal static List<OutputWish> Choose(
        GraphProto graph, GraphIndex index, IReadOnlyList<string>? exits, string? final, List<string> notes)
    {
        List<string> all = [.. graph.Output.Select(o => o.Name)];
        if (all.Count == 0) throw new InvalidDataException("the graph has no output");
        if (all.Distinct().Count() != all.Count)
            throw new InvalidDataException($"two outputs have the same name among {string.Join(", ", all)}");
        List<string> named = Joined(exits ?? [], all);
        if (final is not null) named.Add(final);
        if (named.Find(n => !all.Contains(n)) is { } unknown)
            throw new InvalidDataException($"no output is named '{unknown}'; there are {string.Join(", ", all)}");
        var wishes = new List<OutputWish>();
        var others = new List<(string Name, string Kind)>();
        foreach (ValueInfoProto output in graph.Output)
        {
            bool asked = named.Contains(output.Name);
            if (exits is not null && final is not null && !asked) continue;
            if (!index.Exists(output.Name)) throw new InvalidDataException($"output '{output.Name}' is made by nothing");
            OutputWish wish = Of(output.Name, asked, index, notes);
            if (wish.Tensor == output.Name && Kind(output) is { } kind)
            {
                if (asked) throw NotScores(output.Name, kind);
                others.Add((output.Name, kind));
                continue;
            }
            wishes.Add(wish);
        }
        if (wishes.Count == 0) throw NotScores(others[0].Name, others[0].Kind);
        notes.AddRange(others.Select(o => $"output '{o.Name}' left out, it is {o.Kind}, not scores"));
        return wishes;
    }

    internal static NoClassScoresException NotScores(string name, string what) => new(
        $"output '{name}' is {what}, not the scores of a classifier; choose outputs with --exits and --final "
        + "(edgeml prepare --outputs raw takes other kinds of output as they are)");

    /// <summary>Refuses an output that is no row of scores by its declared type and shape.</summary>
    internal static void RequireScores(GraphProto graph, GraphIndex index, OutputWish wish)
    {
        if (index.Nodes.Any(n => n.OpType is "NonMaxSuppression" or "EfficientNMS_TRT" or "BatchedNMS_TRT"))
        {
            bool[] needed = index.Ancestors([wish.Tensor]);
            for (int n = 0; n < needed.Length; n++)
            {
                if (needed[n] && index.Nodes[n].OpType is ("NonMaxSuppression" or "EfficientNMS_TRT" or "BatchedNMS_TRT"))
                    throw NotScores(wish.Name, $"the result of {index.Nodes[n].OpType}, a detector's");
            }
        }
        ValueInfoProto? described = wish.Name == wish.Tensor
            ? graph.Output.First(o => o.Name == wish.Name)
            : graph.ValueInfo.FirstOrDefault(v => v.Name == wish.Tensor);
        if (described?.Type?.TensorType is not { Shape: { } shape } type) return;
        // The batch may be open or fixed otherwise; two more dimensions above 1 are no row of scores.
        int larger = shape.Dim.Skip(1)
            .Count(d => d.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue && d.DimValue > 1);
        if (larger < 2) return;
        IEnumerable<string> dims = shape.Dim.Select((d, i) => i == 0 ? "1"
            : d.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue ? $"{d.DimValue}"
            : d.DimParam.Length > 0 ? d.DimParam : "?");
        throw NotScores(wish.Name, $"{ElementType.Name(type.ElemType)} {string.Join('x', dims)}");
    }

    /// <summary>Refuses exits that disagree on the number of classes by their declared shapes.</summary>
    internal static void RequireSameClasses(GraphProto graph, IEnumerable<OutputWish> wishes)
    {
        (string Name, long Classes)? first = null;
        foreach (OutputWish wish in wishes)
        {
            if (wish.Tensor != wish.Name || DeclaredClasses(graph.Output.First(o => o.Name == wish.Name)) is not { } classes) continue;
            first ??= (wish.Name, classes);
            if (classes != first.Value.Classes) throw Disagree(wish.Name, classes, first.Value.Name, first.Value.Classes);
        }
    }

    /// <summary>Rows of different lengths are either a classifier with something beside it, or several classifiers: the user knows.</summary>
    internal static InvalidDataException Disagree(string name, long classes, string first, long others) => new(
        $"output '{name}' tells {classes} classes apart, '{first}' {others}; choose outputs with --exits and --final, "
        + "or take all as they are with --outputs raw");

    /// <summary>The number of scores that the file declares; null where it leaves it open, or for a single one.</summary>
    static long? DeclaredClasses(ValueInfoProto output)
    {
        if (output.Type?.TensorType?.Shape is not { Dim.Count: >= 2 } shape) return null;
        long elements = 1;
        foreach (TensorShapeProto.Types.Dimension dim in shape.Dim.Skip(1))
        {
            if (dim.ValueCase != TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue || dim.DimValue is < 1 or > Classifier.MostClasses
                || (elements *= dim.DimValue) > Classifier.MostClasses)
                return null;
        }
        return elements > 1 ? elements : null;
    }

    /// <summary>Names as the file has them: a list that was divided at commas may have divided names that hold some.</summary>
    static List<string> Joined(IReadOnlyList<string> parts, List<string> all)
    {
        var names = new List<string>();
        for (int i = 0; i < parts.Count; i++)
        {
            string name = parts[i];
            for (int to = i + 1; !all.Contains(name) && to <= parts.Count; to++)
            {
                if (all.FirstOrDefault(o => Same(o, parts.Skip(i).Take(to - i))) is not { } whole) continue;
                (name, i) = (whole, to - 1);
            }
            names.Add(name);
        }
        return names;
    }

    static bool Same(string output, IEnumerable<string> parts) =>
        output.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).SequenceEqual(parts);

    /// <summary>Looks through the map that a converted scikit-learn classifier ends in.</summary>
    static OutputWish Of(string name, bool asked, GraphIndex index, List<string> notes)
    {
        if (index.Producer(name) is not (>= 0 and int n) || index.Nodes[n] is not { OpType: "ZipMap", Input.Count: 1 } map)
            return new OutputWish(name, name, asked, null);
        notes.Add($"output '{name}': ZipMap left out, its input '{map.Input[0]}' holds the values");
        AttributeProto? texts = map.Attribute.FirstOrDefault(a => a.Name == "classlabels_strings" && a.Strings.Count > 0);
        AttributeProto? numbers = map.Attribute.FirstOrDefault(a => a.Name == "classlabels_int64s" && a.Ints.Count > 0);
        IReadOnlyList<string>? classes = texts is not null ? [.. texts.Strings.Select(s => s.ToStringUtf8())]
            : numbers is not null ? [.. numbers.Ints.Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))]
            : null;
        return new OutputWish(name, map.Input[0], asked, classes);
    }

    /// <summary>The kind of an output that cannot hold scores; null for others and where the file does not declare it.</summary>
    static string? Kind(ValueInfoProto output) => output.Type?.ValueCase switch
    {
        TypeProto.ValueOneofCase.SequenceType => "a sequence",
        TypeProto.ValueOneofCase.MapType => "a map",
        TypeProto.ValueOneofCase.OptionalType => "an optional value",
        TypeProto.ValueOneofCase.SparseTensorType => "a sparse tensor",
        TypeProto.ValueOneofCase.TensorType when output.Type.TensorType.ElemType is not (0 or ElementType.Float or ElementType.Float16
            or ElementType.Double) => ElementType.Name(output.Type.TensorType.ElemType),
        _ => null,
    };
}
