using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace EdgeML.Cli.CommandLine;

/// <summary>The parser's help, followed by the command's examples.</summary>
sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    const string Begin = "  ", Next = "      ", More = " \\";

    static readonly string[] s_first =
    [
        "edgeml demo --quick", "edgeml prepare models/shapes-vgg.onnx --out engines/shapes-vgg", "edgeml inspect engines/shapes-vgg",
    ];

    public static void Install(RootCommand root)
    {
        HelpOption option = root.Options.OfType<HelpOption>().Single();
        option.Action = new HelpWithExamples((HelpAction)option.Action!);
    }

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int code = help.Invoke(parseResult);
        IReadOnlyList<string> examples = ExamplesOf(parseResult.CommandResult.Command);
        if (examples.Count == 0) return code;
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine(examples.Count == 1 ? "Example:" : "Examples:");
        foreach (string line in examples.SelectMany(example => Lines(example, Terminal.Width))) output.WriteLine(line);
        output.WriteLine();
        return code;
    }

    /// <summary>A command's own; of a group, those of its commands.</summary>
    public static IReadOnlyList<string> ExamplesOf(Command command) => command switch
    {
        CliCommand own => own.Examples,
        RootCommand => s_first,
        _ => [.. command.Subcommands.SelectMany(ExamplesOf)],
    };

    /// <summary>An example that a shell understands as it stands, also over several lines.</summary>
    /// <param name="example">A command line.</param>
    /// <param name="width">The longest line; null for one line.</param>
    public static IEnumerable<string> Lines(string example, int? width)
    {
        string begin = Begin;
        while (width is { } room && begin.Length + example.Length > room)
        {
            // An option goes to the next line with its value.
            int end = example.LastIndexOf(" --", room - begin.Length - More.Length, StringComparison.Ordinal);
            if (end <= 0) break;
            yield return begin + example[..end] + More;
            (begin, example) = (Next, example[(end + 1)..]);
        }
        yield return begin + example;
    }
}
