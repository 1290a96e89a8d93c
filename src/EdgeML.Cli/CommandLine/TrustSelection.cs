using System.CommandLine;
using EdgeML.Native.Models.Packages;

namespace EdgeML.Cli.CommandLine;

/// <summary><c>--trusted-key</c>, the same for every command that opens a package.</summary>
sealed class TrustSelection
{
    readonly Option<string[]> _keys = Option();

    public static Option<string[]> Option() => new("--trusted-key")
    {
        HelpName = "FILE",
        Description = $"Refuse a package that this public key (PEM) has not signed; several keys by several options, or in {TrustedKeys.Variable}.",
    };

    public void AddTo(Command command) => command.Options.Add(_keys);

    /// <summary>The keys; null where none is given, for any package.</summary>
    public TrustedKeys? Keys(ParseResult parsed) => Paths(parsed) is { Length: > 0 } paths ? TrustedKeys.Load(paths) : null;

    /// <summary>The choice again, for another command.</summary>
    public IEnumerable<string> Arguments(ParseResult parsed) => Paths(parsed).SelectMany(path => (string[])["--trusted-key", path]);

    string[] Paths(ParseResult parsed) => parsed.GetValue(_keys) is { Length: > 0 } given ? given
        : TrustedKeys.PathsOf(Environment.GetEnvironmentVariable(TrustedKeys.Variable));
}
