using EdgeML.Native.Offload.Wire;

namespace EdgeML.Server.Requests;

/// <summary>Why a connection was refused or ended by the server, and why a request was not answered: the values of labels in metrics, so
/// there are few and none comes from a client.</summary>
enum RefusalReason : byte
{
    Other,
    BadFrame,
    Version,
    Model,
    BadRequest,
    Late,
    Busy,
    Failed,
    Unavailable,
    Forbidden,
    Full,
    Stopping,
    Handshake,
    Slow,
    Resources,
}

/// <summary>Names of reasons.</summary>
static class RefusalReasons
{
    static readonly string[] s_names =
    [
        "other", "bad_frame", "version", "model", "bad_request", "late", "busy", "failed", "unavailable", "forbidden",
        "full", "stopping", "handshake", "slow", "resources",
    ];

    public static int Count => s_names.Length;

    public static string NameOf(RefusalReason reason) => s_names[(int)reason];

    public static RefusalReason Of(ErrorCode code) => code switch
    {
        ErrorCode.BadFrame => RefusalReason.BadFrame,
        ErrorCode.Version => RefusalReason.Version,
        ErrorCode.Model => RefusalReason.Model,
        ErrorCode.BadRequest => RefusalReason.BadRequest,
        ErrorCode.Late => RefusalReason.Late,
        ErrorCode.Busy => RefusalReason.Busy,
        ErrorCode.Failed => RefusalReason.Failed,
        ErrorCode.Unavailable => RefusalReason.Unavailable,
        ErrorCode.Forbidden => RefusalReason.Forbidden,
        _ => RefusalReason.Other,
    };
}
