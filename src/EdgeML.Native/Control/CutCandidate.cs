namespace EdgeML.Native.Control;

/// <summary>A cut that controllers may choose, and how its tensor travels.</summary>
/// <param name="Cut">Units run on the edge.</param>
/// <param name="Bottleneck">Number of the package's bottleneck, from 1; 0 for the session's codec.</param>
readonly record struct CutCandidate(int Cut, int Bottleneck);
