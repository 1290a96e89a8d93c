using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Data;

namespace EdgeML.Cli.Running;

/// <summary>The options for the output of answers.</summary>
sealed class AnswerOptions
{
    readonly Option<string?> _logits = SharedOptions.OutputFile("--logits", "FILE",
        "Write the answering exits' logits, or all outputs of a network without classes, float32, in input order.");
    readonly Option<string?> _answers = SharedOptions.OutputFile(
        "--answers", "FILE|-", "Write every answer: input, class, name, confidence, exit, where, latency; - is standard output.",
        standardOutput: true);
    readonly Option<string?> _format = SharedOptions.OneOf(
        "--answers-format", "Form of --answers (by the file's ending: .jsonl, .ndjson and .json are JSON lines, all others CSV).", "csv", "jsonl");
    readonly Option<int?> _top = SharedOptions.Count("--top", "With --answers: also write the K most probable classes.");

    public IEnumerable<Option> All => [_logits, _answers, _format, _top];

    public AnswerChoice Read(ParseResult parsed) => new(
        parsed.GetValue(_logits), parsed.GetValue(_answers), parsed.GetValue(_format), parsed.GetValue(_top) ?? 0);
}

/// <summary>The output of answers.</summary>
/// <param name="Logits">File of the logits; null for none.</param>
/// <param name="Path">File of the answers, or <c>-</c>; null for none.</param>
/// <param name="Format">Of that file; null to go by its ending.</param>
/// <param name="Top">How many of the most probable classes; 0 for the answer alone.</param>
sealed record AnswerChoice(string? Logits, string? Path, string? Format, int Top)
{
    /// <summary>Opens the output.</summary>
    /// <exception cref="ArgumentException">Options that need others, or more classes than there are.</exception>
    public AnswerLog Open(ModelManifest manifest, ImageSource source)
    {
        if (Path is null && (Top > 0 || Format is not null))
            throw new ArgumentException($"{(Top > 0 ? "--top" : "--answers-format")} goes with --answers");
        if (Top > 0) manifest.RequireClassifier("--top");
        if (Top > manifest.Classes) throw new ArgumentException($"--top is {Top}, model {manifest.Name} has {manifest.Classes} classes");
        string? ending = Path is null ? null : System.IO.Path.GetExtension(Path).ToLowerInvariant();
        bool lines = Format is null ? ending is ".jsonl" or ".ndjson" or ".json" : Format == "jsonl";
        bool shows = !Console.IsOutputRedirected && !StandardOutput.IsClaimed;
        return new AnswerLog(source, manifest.ClassNames, Path, lines ? AnswerFormat.JsonLines : AnswerFormat.Csv, Top, shows);
    }
}
