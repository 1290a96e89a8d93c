using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Models.Packages;

/// <summary>Rules that a manifest must satisfy before its numbers are used.</summary>
static class ManifestRules
{
    const int MostUnits = 100_000;
    const long MostMacs = 1L << 60;

    /// <exception cref="InvalidDataException">The first rule that is broken.</exception>
    internal static void Check(ModelManifest manifest)
    {
        int units = manifest.Units.Count;
        Require(
            !manifest.Units.Contains(null) && !manifest.Cuts.Contains(null) && !manifest.Exits.Contains(null)
                && !manifest.Files.Contains(null), $"a list holds null");
        if (manifest.Format is >= 1 and < ModelManifest.CurrentFormat)
            throw new InvalidDataException(
                $"{PackageFiles.ManifestName}: format {manifest.Format}, of a version that did not compare a package with its model file; "
                + $"prepare it again: edgeml prepare {manifest.Name}.onnx --out FOLDER");
        Require(
            manifest.Format is >= ModelManifest.CurrentFormat and <= ModelManifest.ExitRuleFormat,
            $"format {manifest.Format}, this library reads {ModelManifest.CurrentFormat}..{ModelManifest.ExitRuleFormat}");
        int format = manifest.FormatOfContent;
        Require(manifest.Format == format, $"format {manifest.Format}, its inputs{(manifest.ExitRule == default ? " and outputs" : ", outputs and exit rule")} make it {format}");
        Require(
            manifest.ExitRule.Patience == 1 || manifest.ExitRule.Patience < manifest.Exits.Count,
            $"exit rule {manifest.ExitRule} with {manifest.Exits.Count - 1} side exits never exits early");
        Require(Enum.IsDefined(manifest.Engines.Optimization), $"engines are optimised to {(int)manifest.Engines.Optimization}");
        Require(
            manifest.Hash.StartsWith("sha256:", StringComparison.Ordinal) && manifest.Hash.Length == 71
                && manifest.Hash.Skip(7).All(char.IsAsciiHexDigit),
            $"the hash '{manifest.Hash}' is not sha256: and 64 digits");
        Require(units is >= 1 and <= MostUnits, $"{units} units");
        if (manifest.Outputs is { } outputs)
        {
            Check(outputs, "output");
            Require(manifest.Classes == 0, $"{manifest.Classes} classes beside {outputs.Count} outputs");
            Require(manifest.Exits.Count == 1, $"{manifest.Exits.Count} exits of a network without class scores");
        }
        else
        {
            Require(manifest.Classes >= 2, $"{manifest.Classes} classes");
        }
        if (manifest.Inputs is { } inputs)
        {
            Check(inputs, "input");
            Require(
                NamedTensor.RowOf(inputs) == Elements(manifest.Input.Shape, "the input"),
                $"inputs of {NamedTensor.RowOf(inputs)} floats in a row of {string.Join('x', manifest.Input.Shape)}");
            Require(manifest.Preprocessing is null || manifest.TakesBytes, $"{inputs.Count} inputs that are one picture");
        }
        Require(
            manifest.ClassNames.Count == 0 || manifest.ClassNames.Count == manifest.Classes,
            $"{manifest.ClassNames.Count} class names for {manifest.Classes} classes");
        Require(!manifest.ClassNames.Contains(null), $"a list holds null");
        Require(manifest.Input.Type == "float32", $"the input is {manifest.Input.Type}, only float32 is supported");
        Require(float.IsFinite((float)(255 * manifest.Input.ByteScale)) && manifest.Input.ByteScale > 0, $"the byte scale is {manifest.Input.ByteScale}");
        long input = Elements(manifest.Input.Shape, "the input");
        Require(manifest.Cuts.Count == units + 1, $"{manifest.Cuts.Count} cuts for {units} units");
        Require(manifest.Cuts[0].Type == CutInfo.Float, $"cut 0 has the type {manifest.Cuts[0].Type}");
        if (manifest.Preprocessing is { } how) Check(how, manifest.Input);
        for (int u = 0; u < units; u++)
        {
            UnitInfo unit = manifest.Units[u];
            Require(unit.Index == u + 1, $"unit {u + 1} has the index {unit.Index}");
            Require(unit.Macs >= 0, $"unit {unit.Index} has {unit.Macs} MACs");
            CutInfo next = manifest.Cuts[u + 1];
            Require(
                next.Type == CutInfo.Float || (u + 1 < units && next.Type is "uint8" or "int8" or "uint16" or "int16"),
                $"cut {u + 1} has the type {next.Type}");
            long bytes = Elements(unit.OutShape, $"unit {unit.Index}") * next.ElementBytes;
            Require(unit.OutBytes == bytes, $"unit {unit.Index} puts out {unit.OutBytes} bytes, its shape makes {bytes}");
        }
        for (int k = 0; k <= units; k++)
        {
            CutInfo cut = manifest.Cuts[k];
            long bytes = k == 0 ? (manifest.TakesBytes ? input : input * sizeof(float)) : k == units ? 0 : manifest.Units[k - 1].OutBytes;
            Require(cut.K == k, $"cut {k} has the index {cut.K}");
            Require(cut.Bytes == bytes, $"cut {k} sends {cut.Bytes} bytes, its shape makes {bytes}");
            Require(k == units ? cut.Tensor.Length == 0 : cut.Tensor.Length > 0, $"cut {k} names the tensor '{cut.Tensor}'");
        }
        int exits = manifest.Exits.Count;
        Require(exits is >= 1 and <= ExitPolicy.MaxExits + 1, $"{exits} exits");
        for (int e = 0; e < exits; e++)
        {
            ExitInfo exit = manifest.Exits[e];
            bool inside = e == exits - 1 ? exit.AfterUnit == units : exit.AfterUnit >= 1 && exit.AfterUnit < units;
            Require(exit.Index == e + 1, $"exit {e + 1} has the index {exit.Index}");
            Require(
                inside && (e == 0 || exit.AfterUnit >= manifest.Exits[e - 1].AfterUnit),
                $"exit {exit.Index} follows unit {exit.AfterUnit} of {units}");
            Require(exit.Macs >= 0 && exit.Layers >= 0, $"exit {exit.Index} has {exit.Macs} MACs in {exit.Layers} layers");
            Require(exit.Tensor.Length > 0, $"exit {exit.Index} names no tensor");
            Require(Enum.IsDefined(exit.Form), $"exit {exit.Index} has the form {(int)exit.Form}");
        }
        Int128 macs = 0;
        foreach (UnitInfo unit in manifest.Units) macs += unit.Macs;
        foreach (ExitInfo exit in manifest.Exits) macs += exit.Macs;
        Require(macs <= MostMacs, $"{macs} MACs in all, at most {MostMacs} are possible");
    }

    static void Check(IReadOnlyList<NamedTensor> tensors, string what)
    {
        Require(tensors.Count >= 1 && !tensors.Contains(null!), $"no {what}, or one that is null");
        var names = new HashSet<string>();
        long offset = 0;
        foreach (NamedTensor tensor in tensors)
        {
            int parts = NamedTensor.PartsOf(tensor.Type);
            Require(tensor.Name.Length > 0 && names.Add(tensor.Name), $"two {what}s named '{tensor.Name}', or one without a name");
            Require(parts > 0, $"{what} '{tensor.Name}' is {tensor.Type}");
            Require(tensor.Offset == offset, $"{what} '{tensor.Name}' begins at {tensor.Offset}, those before it end at {offset}");
            offset += Elements(tensor.Shape, $"{what} '{tensor.Name}'") * parts;
            Require(offset <= int.MaxValue / sizeof(float), $"{what}s of more than {int.MaxValue / sizeof(float)} floats");
        }
    }

    static void Check(Preprocessing how, InputInfo input)
    {
        int channels = Enum.IsDefined(how.Layout) ? PictureInput.Channels(input.Shape, how.Layout) : 0;
        Require(channels > 0, $"the input {string.Join('x', input.Shape)} is no picture in the layout {how.Layout}");
        Require(
            Enum.IsDefined(how.Channels) && Enum.IsDefined(how.Resize) && (channels > 2 || how.Channels == PixelChannels.Gray),
            $"preprocessing {how.Channels}, {how.Resize} for {channels} channels");
        Require(how.Scale == input.ByteScale, $"preprocessing has the scale {how.Scale}, the input {input.ByteScale}");
        Require(how.Mean.Count == 0 || how.Mean.Count == channels, $"{how.Mean.Count} means for {channels} channels");
        Require(how.Std.Count == 0 || how.Std.Count == channels, $"{how.Std.Count} standard deviations for {channels} channels");
        for (int c = 0; c < channels; c++)
        {
            double mean = how.Mean.Count == 0 ? 0 : how.Mean[c], std = how.Std.Count == 0 ? 1 : how.Std[c];
            Require(
                std > 0 && float.IsFinite((float)(255 * how.Scale / std)) && float.IsFinite((float)(mean / std)),
                $"channel {c} has the mean {mean} and the standard deviation {std}");
        }
    }

    static long Elements(IReadOnlyList<int> shape, string what)
    {
        long elements = 1;
        foreach (int dim in shape)
        {
            Require(dim >= 1, $"{what} has the dimension {dim}");
            elements *= dim;
            Require(elements <= int.MaxValue / sizeof(float), $"{what} has more than {int.MaxValue / sizeof(float)} elements");
        }
        return elements;
    }

    static void Require(bool rule, FormattableString broken)
    {
        if (!rule) throw new InvalidDataException($"{PackageFiles.ManifestName}: {FormattableString.Invariant(broken)}");
    }
}
