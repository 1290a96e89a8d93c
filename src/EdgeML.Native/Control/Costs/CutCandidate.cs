namespace EdgeML.Native.Control.Costs;

/// <summary>A cut that controllers may choose, the encoding of its tensor, and its standby exit.</summary>
/// <param name="Cut">Units run on the edge.</param>
/// <param name="Bottleneck">Number of the package's bottleneck, from 1; 0 for the session's codec.</param>
/// <param name="Standby">The side exit that answers when the tail is late, from 1; 0 for none.</param>
readonly record struct CutCandidate(int Cut, int Bottleneck, int Standby = 0);
