using System.CommandLine;
using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Commands;

/// <summary>Parses a command line, runs the command and turns whatever happens into an exit code and at most one line of error.</summary>
static class CliApplication
{
    public static int Run(string[] args)
    {
        ParseResult parsed = Parse(args.Length == 0 ? ["--help"] : args);
        if (parsed.Errors.Count > 0)
        {
            Console.Error.WriteLine($"edgeml: {ParseErrorText.Describe(parsed)}");
            return ErrorReport.BadInput;
        }
        bool verbose = parsed.GetValue(GlobalOptions.Verbose);
        using var interrupt = new InterruptScope();
        try
        {
            // The process's own signal handling stands above; the parser's would add a second handler and a time limit.
            var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return parsed.InvokeAsync(invocation, interrupt.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (interrupt.Token.IsCancellationRequested)
        {
            return interrupt.ExitCode;
        }
        catch (Exception error)
        {
            if (interrupt.Token.IsCancellationRequested) return interrupt.ExitCode;
            return ErrorReport.Write(error, verbose);
        }
    }

    /// <summary>Reads a command line as <see cref="Run"/> does, without running it.</summary>
    public static ParseResult Parse(string[] args) =>
        CreateRoot().Parse(OldNames.Replace(args), new ParserConfiguration { ResponseFileTokenReplacer = null });

    /// <summary>The command with all its subcommands.</summary>
    public static RootCommand CreateRoot()
    {
        var root =
            new RootCommand("Early-exit inference split between an edge device and a tail server, held inside latency and energy bounds.");
        root.Options.Add(GlobalOptions.Verbose);
        foreach (Func<Command> create in CommandList.All) root.Subcommands.Add(create());
        HelpWithExamples.Install(root);
        return root;
    }
}
