using System.CommandLine;
using System.Diagnostics;
using EdgeML.Cli.CommandLine;
using EdgeML.Training.Data;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml data</c>: data sets that this project draws.</summary>
sealed class DataCommand : Command
{
    public DataCommand()
        : base("data", "Write data sets.") => Subcommands.Add(new DataShapesCommand());
}

/// <summary><c>edgeml data shapes</c>: draws "shapes" into a file of CIFAR-style records.</summary>
sealed class DataShapesCommand : CliCommand
{
    readonly Option<string?> _out = SharedOptions.OutputFile("--out", "F.bin", "Receives records of one label byte and 3 planes.");
    readonly Option<int?> _count = SharedOptions.Count("--count", "Pictures to draw.");
    readonly Option<ulong?> _seed = SharedOptions.Seed();
    readonly Option<string?> _difficulty = SharedOptions.OneOf("--difficulty",
        "How hard they are; drift goes from easy to hard.", "easy", "hard", "mixed", "drift");

    readonly Option<int?> _size = new("--size")
    {
        HelpName = "N",
        Description = $"Side in pixels, {ShapesRenderer.MinSize}..{ShapesRenderer.MaxSize}; 96 unless given.",
        CustomParser = result => CommandLine.Parse.Whole(result, ShapesRenderer.MinSize, ShapesRenderer.MaxSize),
    };

    public DataShapesCommand()
        : base("shapes", "Draw pictures of ten shapes, the same on every machine for the same seed.",
            "edgeml data shapes --out test.bin --count 5000 --seed 2001 --difficulty mixed")
    {
        foreach (Option option in (ReadOnlySpan<Option>)[_out, _count, _seed, _difficulty]) option.Required = true;
        AddOptions(_out, _count, _seed, _difficulty, _size);
    }

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string path = parsed.GetValue(_out)!;
        int count = parsed.GetValue(_count)!.Value, size = parsed.GetValue(_size) ?? 96;
        ulong seed = parsed.GetValue(_seed)!.Value;
        string difficulty = parsed.GetValue(_difficulty)!;
        string spec = $"shapes:seed={seed},difficulty={difficulty},size={size}";
        using var source = new ShapesSource(seed, DataSpec.ParseDifficulty(difficulty), size, count) { Spec = spec };
        long start = Stopwatch.GetTimestamp();
        CifarWriter.Write(source, path, count, cancellation);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        long bytes = count * (1L + source.Elements);
        Terminal.Line($"{path}: {count} pictures of {size} x {size}, {bytes} bytes, {count / seconds:0} a second");
        return Task.FromResult(0);
    }
}
