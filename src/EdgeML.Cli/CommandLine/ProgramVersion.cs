using System.Reflection;

namespace EdgeML.Cli.CommandLine;

/// <summary>The version of this build, with its commit.</summary>
static class ProgramVersion
{
    public static string Text { get; } = typeof(ProgramVersion)
        .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "of unknown version";
}
