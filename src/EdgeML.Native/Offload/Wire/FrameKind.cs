namespace EdgeML.Native.Offload.Wire;

/// <summary>What a frame is. The numbers travel; they are never changed, only added to.</summary>
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
}
