namespace EdgeML.Native.Interop.Types;

/// <summary>EDGEML_ROUTE_*: who decides about exits, and by how many launches. As a wish, <see cref="Host"/> means the best that
/// works.</summary>
enum NativeRoute : uint
{
    Host = 0,
    Device = 1,
    Stages = 2,
    Streams = 3,
}
