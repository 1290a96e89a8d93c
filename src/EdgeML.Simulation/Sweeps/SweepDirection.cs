namespace EdgeML.Simulation.Sweeps;

/// <summary>One claim of the paper about two numbers of its rows, asked in one scenario.</summary>
/// <param name="Paper">The paper's number of it.</param>
/// <param name="Claim">In one sentence.</param>
/// <param name="Cell">The scenario.</param>
/// <param name="Above">The value expected to be larger, mean over seeds.</param>
/// <param name="Below">The value expected to be smaller.</param>
/// <param name="HalfWidth">Half the 95 % interval of their difference within a seed.</param>
/// <param name="Unit">Of the numbers; empty for shares.</param>
/// <param name="Room">Whether the scenario leaves anything to win: false where it is saturated for this pair.</param>
sealed record SweepDirection(
    string Paper, string Claim, SweepCell Cell, double Above, double Below, double HalfWidth, string Unit, bool Room)
{
    /// <summary>The scenario in a few words.</summary>
    public string Scenario => $"{Cell.Link}, {Cell.Setting.Name}";

    /// <summary>Both means with their unit.</summary>
    public string Numbers => $"{MarkdownPage.Number(Above, Format)}, {MarkdownPage.Number(Below, Format)} {Unit}".TrimEnd();

    /// <summary>Their difference and half its interval.</summary>
    public string Difference =>
        $"{MarkdownPage.Number(Above - Below, $"+{Format};-{Format}")} +- {MarkdownPage.Number(HalfWidth, Format)}";

    string Format => Unit == "ms" ? "0.0" : "0.000";

    /// <summary>Whether the means are as the paper says.</summary>
    public bool Holds => Above > Below;

    /// <summary>Whether the seeds agree on it.</summary>
    public bool Clear => Math.Abs(Above - Below) > HalfWidth;

    /// <summary>In a word or two.</summary>
    public string Word => (Holds, Room, Clear) switch
    {
        (true, _, true) => "holds",
        (true, _, false) => "holds, within the spread",
        (false, false, _) => "saturated",
        (false, true, true) => "FAILS",
        _ => "FAILS, within the spread",
    };
}
