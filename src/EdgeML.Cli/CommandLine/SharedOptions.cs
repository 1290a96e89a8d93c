using System.CommandLine;
using EdgeML.Native;
using EdgeML.Native.Codecs;
using EdgeML.Training.Data;

namespace EdgeML.Cli.CommandLine;

/// <summary>Options that several commands take with the same meaning; each call makes a new one, since an option belongs to its
/// command.</summary>
/// <remarks>Values that were not given are null.</remarks>
static class SharedOptions
{
    public static Option<string?> Json() => OutputFile(
        "--json", "FILE|-", "Also write the result as one JSON object; - is standard output, and text for people goes to stderr then.",
        standardOutput: true);

    /// <summary>A file to write at the end; a folder that is missing is refused before any work is done.</summary>
    /// <param name="name">Of the option.</param>
    /// <param name="helpName">Of its value.</param>
    /// <param name="description">For the help.</param>
    /// <param name="standardOutput">Whether <c>-</c> stands for standard output.</param>
    public static Option<string?> OutputFile(string name, string helpName, string description, bool standardOutput = false)
    {
        var option = new Option<string?>(name) { HelpName = helpName, Description = description };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 0) return;
            string path = result.Tokens[0].Value;
            if (path == StandardOutput.Name)
            {
                if (!standardOutput) result.AddError($"{name} is '-', but it cannot go to standard output");
                return;
            }
            string? folder = path.Length == 0 ? null : Path.GetDirectoryName(Path.GetFullPath(path));
            if (folder is null || Directory.Exists(path)) result.AddError($"{name} is '{path}', which is no file name");
            else if (!Directory.Exists(folder)) result.AddError($"{name} is '{path}', but there is no folder {folder}");
        });
        return option;
    }

    /// <summary>Text without which the command cannot begin.</summary>
    public static Option<string> Required(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description, Required = true };

    public static Option<string> RecordedExits() =>
        Required("--exits", "E.csv", "Every exit's output for recorded samples, from edgeml record.");

    public static Option<string> Model() =>
        Required("--model", "DIR", "Model package, a folder made by edgeml prepare.");

    const string DataForms =
        "shapes:seed=S,difficulty=D (easy, hard, mixed or drift) | cifar10:PATH | cifar100:PATH[,labels=coarse] | "
        + "images:FOLDER (JPEG, PNG, WebP, BMP, GIF; one folder per class) | tensor:FILE[,labels=FILE] (raw float32, or .npy)";

    public static Option<string> Data() => Required("--data", "SPEC", DataForms);

    public static Option<string?> OptionalData() => new("--data") { HelpName = "SPEC", Description = DataForms };

    public static Option<int?> Count(string name, string description) =>
        new(name) { HelpName = "N", Description = description, CustomParser = Parse.Count };

    public static Option<int?> Whole(string name, string description, int least, int most) =>
        new(name) { HelpName = "N", Description = description, CustomParser = result => Parse.Whole(result, least, most) };

    /// <summary><c>--count</c> beside <c>--data</c>.</summary>
    /// <param name="ofEndless">Samples of a source without an end.</param>
    public static Option<int?> Samples(int ofEndless) =>
        Count("--count", $"Samples; all of a file, {ofEndless} of an endless source unless given.");

    public static Option<int[]?> InputShape() => new("--input-shape")
    {
        HelpName = "AxBx...",
        Description = "The input's shape without its batch, for a model that leaves dimensions open, for instance 3x224x224.",
        CustomParser = Parse.Shape,
    };

    /// <summary>An exit rule; null where it is not given.</summary>
    /// <param name="description">For the help.</param>
    public static Option<string?> ExitRule(string description)
    {
        var option = new Option<string?>("--exit-rule") { HelpName = "RULE", Description = description };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 0) return;
            try
            {
                Native.Models.Manifest.ExitRule.Parse(result.Tokens[0].Value);
            }
            catch (ArgumentException e)
            {
                result.AddError($"--exit-rule: {e.Message}");
            }
        });
        return option;
    }

    public static Option<ulong?> Seed() =>
        new("--seed") { HelpName = "S", Description = "Seed of everything random.", CustomParser = Parse.Seed };

    public static Option<double?> Positive(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description, CustomParser = Parse.Positive };

    public static Option<double?> NotNegative(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description, CustomParser = Parse.NotNegative };

    public static Option<TailPlace[]?> Tail() => new("--tail")
    {
        HelpName = "HOST:PORT[@WEIGHT]",
        Description = "The tail server; several by giving it several times or separated by commas, the preferred one first.",
        CustomParser = Parse.Tails,
        Arity = ArgumentArity.OneOrMore,
    };

    public static Option<HostPort?> Listen() => new("--listen")
    {
        HelpName = "HOST:PORT",
        Description = "Address to serve on; port 0 takes a free one.",
        CustomParser = Parse.Listen,
        Required = true,
    };

    public static Option<bool> Insecure() => new("--insecure") { Description = "Listen on a network without encryption." };

    public static Option<string?> Codec(string description) => OneOf("--codec", description, "fp32", "fp16", "int8");

    public static TensorEncoding CodecOf(ParseResult parsed, Option<string?> codec) => parsed.GetValue(codec) switch
    {
        "fp16" => TensorEncoding.Float16,
        "int8" => TensorEncoding.Int8,
        _ => TensorEncoding.Float32,
    };

    public static Option<string?> OneOf(string name, string description, params string[] values)
    {
        var option = new Option<string?>(name) { HelpName = string.Join('|', values), Description = description };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && !values.Contains(result.Tokens[0].Value))
                result.AddError($"{name} is '{result.Tokens[0].Value}', not one of {string.Join(", ", values)}{NearestName.Hint(result.Tokens[0].Value, values)}");
        });
        return option;
    }
}
