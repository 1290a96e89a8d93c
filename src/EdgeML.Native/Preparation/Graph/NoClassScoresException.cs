namespace EdgeML.Native.Preparation.Graph;

/// <summary>Outputs that are not what a classifier with side exits gives; as they are, they can still be prepared.</summary>
sealed class NoClassScoresException(string message) : Exception(message);
