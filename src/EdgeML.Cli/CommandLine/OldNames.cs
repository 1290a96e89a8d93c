namespace EdgeML.Cli.CommandLine;

/// <summary>Names of commands and options that have changed. They keep working; help does not list them.</summary>
static class OldNames
{
    static readonly Dictionary<string, string> s_commands = new() { ["matrix"] = "sweep", ["reality"] = "validate-simulator" };

    static readonly Dictionary<string, string> s_options = new()
    {
        ["--trace-in"] = "--experience-in",
        ["--trace-out"] = "--experience-out",
        ["--trace-share"] = "--experience-share",
        ["--trace-updates"] = "--experience-updates",
    };

    /// <summary>The same command line in today's names.</summary>
    public static string[] Replace(string[] args)
    {
        bool command = false;
        return [.. args.Select(Replaced)];

        string Replaced(string argument)
        {
            if (!argument.StartsWith('-'))
            {
                if (command) return argument;
                command = true;
                return s_commands.GetValueOrDefault(argument, argument);
            }
            int end = argument.IndexOf('=');
            string name = end < 0 ? argument : argument[..end];
            return s_options.TryGetValue(name, out string? today) ? today + argument[name.Length..] : argument;
        }
    }
}
