using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Options;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml prepare</c>.</summary>
sealed class PrepareCommand : CliCommand
{
    readonly Argument<string> _file = new("MODEL.onnx") { Description = "A classifier with one output per exit, or a network with outputs of any kind." };
    readonly Option<string?> _json = SharedOptions.Json();
    readonly PreprocessingOptions _preprocessing = new();

    readonly Option<string> _out = new("--out")
    {
        HelpName = "DIR",
        Description = "Folder of the package; a package that lies there is replaced.",
        Required = true,
    };

    readonly Option<string[]> _exits = new("--exits")
    {
        HelpName = "NAME,...",
        Description = "Outputs that are side exits; all that can be one if not given. May be repeated; '\\,' is a comma in a name.",
    };

    readonly Option<InputShapes?> _inputShape = new("--input-shape")
    {
        HelpName = "[NAME=]AxBx...",
        Description = "The input's shape without its batch, for a model that leaves dimensions open, for instance 3x224x224. "
            + "Once for each of several inputs, with its name.",
        CustomParser = CommandLine.Parse.Shapes,
        Arity = ArgumentArity.OneOrMore,
    };

    readonly Option<string[]> _outputs = new("--outputs")
    {
        HelpName = "auto|classes|raw|NAME,...",
        Description = "The kind of the outputs: class scores (classes), anything, to be taken as it is (raw; of several outputs the named ones), "
            + "or class scores where they can be (auto).",
    };

    readonly Option<string?> _final = new("--final")
    {
        HelpName = "NAME",
        Description = "The final output; the one at the end of the longest way if not given. Other outputs are exits only if they can be.",
    };

    readonly Option<string?> _rule = SharedOptions.ExitRule(
        "How side exits decide: entropy (unless given), max-probability, margin, patience:K (K exits in a row agree), or custom:NAME (a rule of the program that loads the package).");

    readonly Option<bool> _force = new("--force")
    {
        Description = "Replace a package even if its calibration, promise, bottlenecks or profile do not fit the new one and are lost.",
    };

    readonly Option<string?> _classes = new("--classes")
    {
        HelpName = "FILE",
        Description = "Names of the classes: one per line, or JSON (a list, or a map like id2label); the model's metadata if not given.",
    };

    public PrepareCommand()
        : base(
            "prepare", "Turn an ONNX network into a model package.",
            "edgeml prepare models/shapes-vgg.onnx --out engines/shapes-vgg",
            "edgeml prepare model.onnx --out model --exits exit1,exit2 --final logits",
            "edgeml prepare model.onnx --out model --input-shape 3x224x224",
            "edgeml prepare models/shapes-vgg.onnx --out engines/shapes-margin --exit-rule margin",
            "edgeml prepare detector.onnx --out detector --outputs raw")
    {
        Arguments.Add(_file);
        AddOptions(_out, _exits, _final, _rule, _outputs, _inputShape, _classes, _force, _json);
        AddOptions([.. _preprocessing.All]);
    }

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string file = parsed.GetRequiredValue(_file), folder = parsed.GetRequiredValue(_out);
        if (!Path.Exists(file)) throw new FileNotFoundException($"there is no model file {file}");
        using var progress = new ComparisonProgress();
        (OutputKind kind, string[]? names) = OutputsOf(parsed);
        InputShapes? shapes = parsed.GetValue(_inputShape);
        PreparedModel prepared = ModelPreparation.Prepare(file, folder, _preprocessing.Apply(parsed, new PrepareOptions
        {
            Progress = progress.Report,
            Cancellation = cancellation,
            Exits = parsed.GetResult(_exits) is null ? null : [.. (parsed.GetValue(_exits) ?? []).SelectMany(CommandLine.Parse.Names)],
            Final = parsed.GetValue(_final),
            ExitRule = parsed.GetValue(_rule) is { } rule ? ExitRule.Parse(rule) : null,
            Force = parsed.GetValue(_force),
            Outputs = kind,
            OutputNames = names,
            InputShape = shapes?.Only,
            InputShapes = shapes?.ByName ?? [],
            ClassNames = parsed.GetValue(_classes) is { } classes ? ClassNames.Read(classes) : null,
        }));
        progress.Dispose();
        foreach (string note in prepared.Notes) Terminal.Line($"note: {note}");
        ModelManifest manifest = prepared.Manifest;
        Terminal.Line(
            $"{folder}: {manifest.Units.Count} units, {manifest.Cuts.Count} cuts ({manifest.Cuts.Count(c => c.Candidate)} candidates), "
            + (manifest.IsClassifier ? $"{manifest.SideExits} side exits, {manifest.Classes} classes" : TensorText.Count(manifest.Outputs!)));
        TensorText.Show(manifest);
        if (manifest.ExitRule != default) Terminal.Line($"exit rule: {manifest.ExitRule}");
        if (manifest.Preprocessing is { } preprocessing) Terminal.Line($"pictures: {preprocessing}");
        if (parsed.GetValue(_json) is { } json) JsonFile.Write(json, manifest, ModelManifest.JsonContract);
        return Task.FromResult(0);
    }

    (OutputKind Kind, string[]? Names) OutputsOf(ParseResult parsed)
    {
        if (parsed.GetResult(_outputs) is null) return (OutputKind.Auto, null);
        string[] words = [.. (parsed.GetValue(_outputs) ?? []).SelectMany(CommandLine.Parse.Names)];
        return words switch
        {
            ["auto"] => (OutputKind.Auto, null),
            ["classes"] => (OutputKind.Classes, null),
            ["raw"] => (OutputKind.Raw, null),
            _ => (OutputKind.Raw, words),
        };
    }
}
