using System.Text.RegularExpressions;

namespace EdgeML.Cli.Tests.Documentation;

/// <summary>A phrase that the project's texts avoid.</summary>
/// <param name="Pattern">Regular expression; a space matches a line break too.</param>
/// <param name="Better">Replacement, or the way to find one.</param>
/// <param name="Where">The kinds of text it applies to.</param>
sealed partial record WordRule(string Pattern, string Better, TextKinds Where = TextKinds.All)
{
    /// <summary>What a rate or a size is counted in, as in "bytes a task".</summary>
    const string Counted = "bits?|bytes?|B|kB|MB|GB|[Jj]oules?|J|[Mm]egabits|floats|tasks|arrivals|decisions|seeds?|percent|ms|µs|rows?|exits";

    const string Per = "task|second|element|step|exit|row|cell|interval|epoch|sample|picture|image|request|frame|channel|pixel|unit|decision|stop";

    public Regex Expression { get; } = new(Pattern.Replace(" ", @"\s+"), RegexOptions.CultureInvariant);

    public static IReadOnlyList<WordRule> All { get; } =
    [
        new(@"\b[Aa]new\b", "again, over"),
        new(@"\b[Ww]ho(so)?ever\b", "name the person or the thing"),
        new(@"\b([Nn]o|[Ee]very|[Ss]ome)body\b", "no caller, every client, ..."),
        new(@"\bso surely\b|\bso much (so\b|confidence|lost|later\b|longer)|% sure\b", "the number and its confidence"),
        new(@"\bon the mean\b", "on average"),
        new(@"\bfrom nothing\b", "from scratch, untrained"),
        new(@"\bwhere was looked\b", "every path searched"),
        new($@"(?<!\p{{Ll}}-)\b({Counted}) an? ({Per})\b(?! (that|with|is|takes|of|may)\b)", "per"),
        new(@"\b(J|B|kB|allocates?d?) a task\b|\b(one|once) an? (task|row|cut|exit|decision|output|element)\b", "per"),
        new(@"\b[Mm]oods?\b", "drift, state"),
        new(@"\b(minds?|minded)\b(?! that)", "is sensitive to"),
        new(@"\b[Ss]tands? by\b|\bstood by\b|\bstanding by\b", "standby exit"),
        new(@"\b([Gg]ambl\w+|[Bb]ets?|[Ll]uck(y|ily|iest)?|[Dd]ebts?)\b", "unreliable, stake, noise, overspent energy"),
        new(@"\b[Bb]ehind\b", "after; of order in the network, in a list, in time"),
        new(@"\b[Ii]n front( of)?\b", "before, ahead"),
        new(@"\b(is|are) said\b|\bthat is told\b|\bwas said of\b", "name the actor: prints, reports"),
        new(@"\bof (its|their|our|his|your|one's|the caller's|the tests') own\b", "its own X, a separate X"),
        new(@"\b[Aa]ll the same\b", "still"),
        new(@"\b[Cc]omes? on top\b|\bon top of\b", "is added, in addition to"),
        new(@"\b[Dd]ear(er|est|ly)?\b", "expensive"),
        new(@"(?<![\w.\-])us\b(?!\w)", "µs; of people, name them"),
        new(@"(?<![\w.\-])([Ww]e|[Oo]ur)\b", "name the actor: the library, the session, this project"),
        new(@"\b[Gg]o(es|ing)? on\b", "continues"),
        new(@"\b[Ss]tands? there\b", "is there"),
        new(@"\b[Ss]urely\b", "certainly, or the probability"),
        new(@"\bcomes? to lie\b", "its place in memory"),
        new(@"\bto be had\b", "available"),
        new(@"\b(nothing|something|everything) of (the|its|their)\b(?= \w+'s)", "none of"),
        new(@"\b[Ww]hat \w+( \w+){0,4} (is|are) worth\b", "its gain, its accuracy, its cost"),
        new(@"\b[Ww]hat is (left|known of|missing|under way|on the way|asked for|lost|sent|measured)\b", "the rest, the calibration, the missing part, ..."),
        new(@"\b[Ww]hat (was|were) (asked|asked for|measured|chosen|expected|learned|found|said)\b", "the request, the measurements, the choice, ...", TextKinds.Source),
        new(@"\b(exits?|heads?|networks?) (says?|said)\b", "predicts, outputs, answers"),
        new(@"<(summary|remarks|returns|param name=""\w+"")>(What|Who|Told|Says)\b", "begin with the name of the thing", TextKinds.Source),
        new(@"^(What|Who|Whoever)\b(?!.*\?$)", "begin with the name of the thing", TextKinds.Help),
        new(@"\bno longer\b|\bnot any more\b", "history belongs in the change log", TextKinds.Pages),
    ];
}

/// <summary>Kinds of text, which rules may be restricted to.</summary>
[Flags]
enum TextKinds
{
    None = 0,

    /// <summary>Markdown pages, and comments of scripts beside them.</summary>
    Pages = 1,

    /// <summary>Comments and string literals of C# and C++.</summary>
    Source = 2,

    /// <summary>Help of the command.</summary>
    Help = 4,

    All = Pages | Source | Help,
}
