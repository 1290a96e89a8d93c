using EdgeML.Native.Models.Manifest;

namespace EdgeML.Simulation.Replay;

/// <summary>A network on paper: its units, cuts and exits, and how long an edge device and a tail take for them.</summary>
/// <param name="Manifest">Shapes are flat, since a profile knows sizes only.</param>
/// <param name="Edge">The edge device.</param>
/// <param name="Tail">The tail.</param>
public sealed record ReplayProfile(ModelManifest Manifest, DeviceProfile Edge, DeviceProfile Tail);
