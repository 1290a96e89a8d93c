namespace EdgeML.Native.Models.Manifest;

/// <summary>The files of a package and how weights lie in them.</summary>
static class PackageFiles
{
    internal const string ManifestName = "model.json";
    internal const string GraphName = "graph.onnx";
    internal const string WeightsName = "weights.bin";
    internal const string ProfileName = "device.json";
    internal const string CalibrationName = "calibration.csv";
    internal const string GuaranteeName = "promise.json";
    internal const string BottlenecksName = "bottlenecks.json";
    internal const string SignatureName = "signature.json";

    /// <summary>Weights above this go to the weights file; smaller ones are cheaper inside the graph.</summary>
    internal const int InlineBytes = 1024;

    internal const int Alignment = 64;

    /// <summary>The files that loading reads, the signature aside.</summary>
    internal static readonly string[] Loaded =
        [ManifestName, GraphName, WeightsName, ProfileName, CalibrationName, GuaranteeName, BottlenecksName];

    /// <summary>Names in a folder that are no file of a package; hidden ones aside, which may be a file that is being written.</summary>
    internal static IEnumerable<string> Others(string folder) => Directory.EnumerateFileSystemEntries(folder)
        .Select(entry => Path.GetFileName(entry))
        .Where(name => name[0] != '.' && name != SignatureName && !Loaded.Contains(name))
        .Order(StringComparer.Ordinal);
}
