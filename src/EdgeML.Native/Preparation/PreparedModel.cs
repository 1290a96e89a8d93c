using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Preparation.Options;

namespace EdgeML.Native.Preparation;

/// <summary>The result of <see cref="ModelPreparation.Prepare(string, string, PrepareOptions?)"/>.</summary>
/// <param name="Manifest">Of the package written.</param>
/// <param name="Notes">Changes and omissions of the model, one sentence each.</param>
public sealed record PreparedModel(ModelManifest Manifest, IReadOnlyList<string> Notes)
{
    /// <summary>The model and all notes.</summary>
    public override string ToString() => Notes.Count == 0 ? $"{Manifest}" : $"{Manifest}; {string.Join("; ", Notes)}";
}
