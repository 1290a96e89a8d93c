using EdgeML.Native.Models.Manifest;

namespace EdgeML.Cli.CommandLine;

/// <summary>Named inputs and outputs of a package, for people.</summary>
static class TensorText
{
    /// <summary>How many outputs there are, in words.</summary>
    public static string Count(IReadOnlyList<NamedTensor> outputs) => outputs.Count == 1 ? "1 output" : $"{outputs.Count} outputs";

    /// <summary>A line per input and output; nothing for a classifier with one input.</summary>
    public static void Show(ModelManifest manifest)
    {
        foreach (NamedTensor input in manifest.Inputs ?? []) Terminal.Line($"input        {input}");
        foreach (NamedTensor output in manifest.Outputs ?? []) Terminal.Line($"output       {output}");
    }
}
