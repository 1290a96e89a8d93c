namespace EdgeML.Benchmarks.Bars;

/// <summary>How a number stands to its bar.</summary>
enum Verdict
{
    Holds = 0,
    Missed = 1,
    Skipped = 2,
    ForInformation = 3,
}

/// <summary>One number.</summary>
/// <param name="What">What was measured, with sizes.</param>
/// <param name="Measured">The number with its unit, and those it was made of.</param>
/// <param name="Bar">What is demanded; empty for a number that explains another.</param>
/// <param name="Verdict">How they compare.</param>
sealed record BarRow(string What, string Measured, string Bar, Verdict Verdict)
{
    public static BarRow AtMost(string what, double value, double bar, string measured, string barText) =>
        new(what, measured, barText, value <= bar ? Verdict.Holds : Verdict.Missed);

    public static BarRow Info(string what, string measured) => new(what, measured, "", Verdict.ForInformation);

    public static BarRow Skipped(string what, string why) => new(what, why, "", Verdict.Skipped);

    public string VerdictText => Verdict switch
    {
        Verdict.Holds => "ok",
        Verdict.Missed => "MISSED",
        Verdict.Skipped => "skipped",
        _ => "",
    };
}
