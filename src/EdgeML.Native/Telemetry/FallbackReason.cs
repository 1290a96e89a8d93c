namespace EdgeML.Native.Telemetry;

/// <summary>Why a task was not answered by the tail, or why no connection to it stands.</summary>
public enum FallbackReason : byte
{
    /// <summary>There is no reason: the tail answered, or the task was never meant for it.</summary>
    None,

    /// <summary>The first attempt to connect has not ended yet.</summary>
    Connecting,

    /// <summary>The tail's host name does not resolve.</summary>
    UnknownHost,

    /// <summary>The host refuses the connection: nothing listens at the port.</summary>
    ConnectionRefused,

    /// <summary>The host does not answer, or there is no route to it.</summary>
    Unreachable,

    /// <summary>The tail holds another model.</summary>
    OtherModel,

    /// <summary>The tail speaks another version of the protocol.</summary>
    ProtocolVersion,

    /// <summary>The peer's bytes are no frames of the protocol: probably no tail listens there.</summary>
    NoTail,

    /// <summary>The tail has no connection free, or is shutting down.</summary>
    Unavailable,

    /// <summary>The connection ended or broke.</summary>
    Down,

    /// <summary>An earlier task or probe is overdue, so nothing more is sent on this connection for now.</summary>
    Stalled,

    /// <summary>The deadline passed, before sending, on the way or on the tail.</summary>
    Late,

    /// <summary>The tail had no memory free for the task, or as many tasks as both sides allow were on the way.</summary>
    Busy,

    /// <summary>The tail does not take the tensor: it is larger than the tail's limit, or in an encoding that the tail does not
    /// read.</summary>
    NotAccepted,

    /// <summary>The tail's model failed on the task.</summary>
    TailFailed,

    /// <summary>The policy would send the input itself, which the session keeps (<c>RawInput</c> is off).</summary>
    RawInput,

    /// <summary>The tail's answer contradicts itself or the request, for instance by a class that has not the largest logit.</summary>
    Contradiction,

    /// <summary>One side does not trust the other: its certificate is expired, of another authority or of another name, or the tail does not
    /// serve this device's identity.</summary>
    NotTrusted,

    /// <summary>The tail has asked its clients to leave, for instance before it stops, and the client has not connected again yet.</summary>
    Leaving,
}
