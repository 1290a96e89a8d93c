using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Preparation;
using EdgeML.Simulation.Scenarios;
using EdgeML.Training.Data;

namespace EdgeML.Simulation.Tests.Scenarios;

/// <summary>The shipped model, prepared once, with times in proportion to its work instead of measured ones: what its exits say is real,
/// nothing depends on a clock.</summary>
public sealed class ShippedModel : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeml-tests-");

    public ShippedModel()
    {
        string package = Path.Combine(_folder.FullName, "shapes-vgg");
        ModelPreparation.Prepare(ProjectFolders.ShippedModel!, package);
        Model = BranchedModel.Load(package);
        Machine = new DeviceProfile
        {
            Device = "in proportion to work",
            UnitMs = [.. Manifest.Units.Select(unit => 0.01 + (unit.Macs * 4e-8))],
            HeadMs = [.. Manifest.Exits.Take(Manifest.SideExits).Select(exit => 0.01 + (exit.Macs * 4e-8))],
        };
        PayloadBytes = [.. Manifest.Cuts.Select(cut => cut.K == 0 ? cut.Bytes : cut.Bytes / 2)];
        Calibration = Record("shapes:seed=90210,difficulty=mixed", 600);
    }

    public BranchedModel Model { get; }

    public ModelManifest Manifest => Model.Manifest;

    public DeviceProfile Machine { get; }

    public long[] PayloadBytes { get; }

    public ExitCalibration Calibration { get; }

    public ExitCalibration Record(string spec, int count)
    {
        using ImageSource source = DataSpec.Parse(spec).Open(Manifest.Input.Shape, count);
        return RecordedInputs.Record(Model, source, count, CancellationToken.None).ToCalibration();
    }

    public void Dispose()
    {
        Model.Dispose();
        _folder.Delete(recursive: true);
    }
}
