namespace EdgeML.Cli.Diagnostics;

/// <summary>One row of <c>edgeml doctor</c>.</summary>
/// <param name="Group">Heading it stands under: machine, backends, sensors, model.</param>
/// <param name="Name">The part that was searched.</param>
/// <param name="Present">Whether it is present and usable; a missing part is a row too.</param>
/// <param name="Value">The finding, or why it is missing.</param>
/// <param name="Looked">Places that were looked at, in order; empty where there is nothing to look for.</param>
public sealed record Finding(string Group, string Name, bool Present, string Value, IReadOnlyList<string> Looked);
