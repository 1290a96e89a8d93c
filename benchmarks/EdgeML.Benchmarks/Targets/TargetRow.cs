namespace EdgeML.Benchmarks.Targets;

/// <summary>How a number stands to its target.</summary>
enum Verdict
{
    Holds = 0,
    Missed = 1,
    Skipped = 2,
    ForInformation = 3,
}

/// <summary>One number.</summary>
/// <param name="What">The quantity, with sizes.</param>
/// <param name="Measured">The number with its unit, and those it was made of.</param>
/// <param name="Target">What is demanded; empty for a number that explains another.</param>
/// <param name="Verdict">How they compare.</param>
sealed record TargetRow(string What, string Measured, string Target, Verdict Verdict)
{
    public static TargetRow AtMost(string what, double value, double target, string measured, string targetText) =>
        new(what, measured, targetText, value <= target ? Verdict.Holds : Verdict.Missed);

    public static TargetRow AtLeast(string what, double value, double target, string measured, string targetText) =>
        new(what, measured, targetText, value >= target ? Verdict.Holds : Verdict.Missed);

    public static TargetRow Info(string what, string measured) => new(what, measured, "", Verdict.ForInformation);

    public static TargetRow Skipped(string what, string why) => new(what, why, "", Verdict.Skipped);

    public string VerdictText => Verdict switch
    {
        Verdict.Holds => "ok",
        Verdict.Missed => "MISSED",
        Verdict.Skipped => "skipped",
        _ => "",
    };
}
