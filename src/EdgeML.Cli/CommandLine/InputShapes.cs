namespace EdgeML.Cli.CommandLine;

/// <summary>Shapes of inputs without their batch.</summary>
/// <param name="Only">Of a model's only input; null where none is given.</param>
/// <param name="ByName">Of named inputs.</param>
sealed record InputShapes(int[]? Only, Dictionary<string, IReadOnlyList<int>> ByName);
