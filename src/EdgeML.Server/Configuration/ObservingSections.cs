namespace EdgeML.Server.Configuration;

/// <summary>Pages over HTTP.</summary>
sealed class HttpSection
{
    /// <summary>HOST:PORT of the pages; port 0 takes a free one.</summary>
    public string? Listen { get; set; }

    /// <summary>Whether they may be on a network.</summary>
    public bool? Insecure { get; set; }
}

/// <summary>Lines on standard error.</summary>
sealed class LogSection
{
    /// <summary>Of <see cref="ObservingRules.LogFormats"/>.</summary>
    public string? Format { get; set; }

    /// <summary>Of <see cref="ObservingRules.LogLevels"/>; absent for the usual one of the format.</summary>
    public string? Level { get; set; }
}

/// <summary>Export of metrics to an OpenTelemetry collector.</summary>
sealed class OtlpSection
{
    /// <summary>Address of the collector, http or https.</summary>
    public string? Endpoint { get; set; }
}
