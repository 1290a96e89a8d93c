namespace EdgeML.Cli.Running;

/// <summary>How answers are written.</summary>
enum AnswerFormat
{
    /// <summary>Comma-separated values with a head line; cells are quoted where they must be (RFC 4180).</summary>
    Csv,

    /// <summary>One JSON object per line.</summary>
    JsonLines,
}
