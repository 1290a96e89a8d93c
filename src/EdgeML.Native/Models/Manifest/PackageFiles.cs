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

    /// <summary>Weights above this go to the weights file; smaller ones are cheaper inside the graph.</summary>
    internal const int InlineBytes = 1024;

    internal const int Alignment = 64;
}
