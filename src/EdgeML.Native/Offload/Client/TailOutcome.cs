namespace EdgeML.Native.Offload.Client;

/// <summary>How a request to the tail ended. Everything but <see cref="Answered"/> means: finish locally.</summary>
enum TailOutcome
{
    /// <summary>Not sent: no connection, a stalled one, or too many requests on the way.</summary>
    NotSent,

    /// <summary>The tail answered in time.</summary>
    Answered,

    /// <summary>The deadline passed, here or on the tail. An answer that still comes is dropped.</summary>
    Late,

    /// <summary>The connection broke while the request was on its way.</summary>
    Lost,

    /// <summary>The tail refused: overloaded, shutting down, or its model failed.</summary>
    Refused,

    /// <summary>The tail's answer contradicts itself; it is not used.</summary>
    Contradicted,

    /// <summary>The caller's cancellation token was signalled first.</summary>
    Cancelled,
}
