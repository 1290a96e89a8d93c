namespace EdgeML.Native.Preparation.Options;

/// <summary>How far the comparison with the model file has come.</summary>
/// <param name="Done">Ways of dividing the network compared so far.</param>
/// <param name="Total">All of them; larger when settings have to be changed and all is compared again.</param>
public readonly record struct PrepareProgress(int Done, int Total);
