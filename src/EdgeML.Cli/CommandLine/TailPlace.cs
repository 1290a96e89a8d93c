namespace EdgeML.Cli.CommandLine;

/// <summary>A tail on the command line.</summary>
/// <param name="Address">Of the server, or of a balancer before several.</param>
/// <param name="Weight">Null where none is given.</param>
readonly record struct TailPlace(HostPort Address, double? Weight);
