using EdgeML.Native.Interop;

namespace EdgeML.Native.Inference.Engines;

/// <summary>Makes the sessions that <see cref="FusedRanges"/> keeps. Called on its background thread only, one call at a time.</summary>
interface IFusedBuilder
{
    /// <summary>Bytes that the sessions share beside the package's weights.</summary>
    long CopiedBytes { get; }

    /// <summary>Does the common work of all builds once.</summary>
    void Prepare();

    /// <summary>One session for a whole plan.</summary>
    /// <exception cref="Interop.NativeException">The inference library refuses it, or there is no room for it.</exception>
    Engine Build(PlanKey key);
}
