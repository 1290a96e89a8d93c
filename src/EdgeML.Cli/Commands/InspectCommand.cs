using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml inspect</c>.</summary>
sealed class InspectCommand : CliCommand
{
    readonly Argument<string> _folder = new("DIR") { Description = "Model package." };
    readonly TrustSelection _trust = new();
    readonly Option<string?> _json = SharedOptions.Json();

    public InspectCommand()
        : base(
            "inspect", "Show units, cuts and exits of a model package; checks all of its files.",
            "edgeml inspect engines/shapes-vgg", "edgeml inspect engines/shapes-vgg --json -")
    {
        Arguments.Add(_folder);
        AddOptions(_json);
        _trust.AddTo(this);
    }

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        using ModelPackage package = ModelPackage.Open(parsed.GetRequiredValue(_folder), _trust.Keys(parsed));
        Show(package);
        if (parsed.GetValue(_json) is { } json) JsonFile.Write(json, Json(package), CommandJson.Default.JsonObject);
        return Task.FromResult(0);
    }

    static void Show(ModelPackage package)
    {
        ModelManifest manifest = package.Manifest;
        Terminal.Line(manifest.Name);
        Terminal.Line(manifest.Hash);
        Terminal.Line(
            $"input {manifest.Input.Type} {Shape(manifest.Input.Shape)}, {(manifest.IsClassifier ? $"{manifest.Classes} classes" : TensorText.Count(manifest.Outputs!))}, "
            + $"{manifest.Units.Sum(u => u.Macs) / 1e6:n1} MMAC, {manifest.SideExits} side exits");
        TensorText.Show(manifest);

        Terminal.Line($"exit rule: {manifest.ExitRule}");
        if (manifest.Preprocessing is { } preprocessing) Terminal.Line($"pictures: {preprocessing}");

        Terminal.Line();
        TextTable units = new TextTable().Right("unit").Left("name").Right("MMAC").Left("output").Right("bytes after").Left("cut", "exits");
        units.Row("", "input", "", Shape(manifest.Input.Shape), Bytes(manifest.Cuts[0].Bytes), Cut(manifest.Cuts[0]), "");
        foreach (UnitInfo unit in manifest.Units)
        {
            IEnumerable<string> exits = manifest.Exits.Where(e => e.AfterUnit == unit.Index).Select(e => e.Name);
            units.Row(
                $"{unit.Index}", unit.Name, $"{unit.Macs / 1e6:n2}", Shape(unit.OutShape), Bytes(unit.OutBytes),
                Cut(manifest.Cuts[unit.Index]), string.Join(' ', exits));
        }
        units.Show();
        Terminal.Line();

        TextTable table = new TextTable().Right("exit").Left("name").Right("after unit", "head MMAC", "layers");
        foreach (ExitInfo exit in manifest.Exits)
            table.Row($"{exit.Index}", exit.Name, $"{exit.AfterUnit}", $"{exit.Macs / 1e6:n2}", $"{exit.Layers}");
        table.Show();
        Terminal.Line();
        Terminal.Line(package.Profile is { } profile
            ? $"measured on {profile.Device}: {profile.UnitMs.Sum():n2} ms for all units, {profile.HeadMs.Sum():n2} ms for all heads"
            : "not measured on a device yet");
        for (int i = 0; i < package.Bottlenecks.Items.Count; i++)
        {
            CutBottleneck each = package.Bottlenecks.Items[i];
            Terminal.Line(FormattableString.Invariant(
                $"bottleneck {i + 1}: cut {each.Cut}, {each.PayloadBytes} bytes, {100 * each.Lost:0.00} points lost on {each.Samples} samples of {each.Source}"));
        }
        Terminal.Line(package.Signature switch
        {
            null => "not signed",
            { Fault: { } fault } => $"signature does not hold: {fault}",
            { IsTrusted: true } signature => $"signed by key {signature.KeyId}",
            var signature => $"signed by key {signature.KeyId}, as the package says; --trusted-key checks it",
        });
        if (manifest.IsClassifier) Terminal.Line(CalibrationInfo.Describe(package.Calibration?.Info));
    }

    /// <summary>The manifest's keys, and the calibration of the exits.</summary>
    static JsonObject Json(ModelPackage package)
    {
        JsonObject facts = JsonSerializer.SerializeToNode(package.Manifest, ModelManifest.JsonContract)!.AsObject();
        facts["calibration"] = JsonSerializer.SerializeToNode(package.Calibration?.Info, CommandJson.Default.CalibrationInfo!);
        facts["signature"] = JsonSerializer.SerializeToNode(package.Signature, CommandJson.Default.PackageSignature!);
        return facts;
    }

    static string Shape(IReadOnlyList<int> shape) => string.Join('x', shape);

    static string Bytes(long bytes) => bytes.ToString("n0", CultureInfo.InvariantCulture);

    static string Cut(CutInfo cut) => cut.Candidate ? $"{cut.K} candidate" : $"{cut.K}";
}
