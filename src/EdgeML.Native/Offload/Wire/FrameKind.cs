namespace EdgeML.Native.Offload.Wire;

/// <summary>The kind of a frame. The numbers are part of the protocol: new ones may be added, none may change.</summary>
enum FrameKind : byte
{
    Hello = 1,
    HelloAck = 2,
    Request = 3,
    Reply = 4,
    Error = 5,
    Ping = 6,
    Pong = 7,

    /// <summary>A ping with a payload that the tail throws away and times.</summary>
    Probe = 8,

    /// <summary>The tail asks a client to finish the requests on the way, send nothing more on this connection, and connect again. Only for
    /// clients whose hello says that they understand it.</summary>
    GoAway = 9,
}
