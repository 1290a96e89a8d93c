namespace EdgeML.Native.Offload.Wire;

/// <summary>Why a request or a connection was refused. The numbers travel; they are never changed, only added to.</summary>
enum ErrorCode : byte
{
    /// <summary>Bytes that are no frame of this protocol; the connection ends.</summary>
    BadFrame = 1,

    /// <summary>The peer speaks another protocol version; the connection ends.</summary>
    Version = 2,

    /// <summary>The peer holds another model; the connection ends.</summary>
    Model = 3,

    /// <summary>A cut, encoding or payload size that the model does not have; the connection ends.</summary>
    BadRequest = 4,

    /// <summary>The request's deadline passed before it could be computed.</summary>
    Late = 5,

    /// <summary>No buffer was free for the request.</summary>
    Busy = 6,

    /// <summary>The model failed on the request.</summary>
    Failed = 7,

    /// <summary>All connections are taken, or the tail is shutting down; the connection ends.</summary>
    Unavailable = 8,

    /// <summary>The client's identity may not do this; the connection ends.</summary>
    Forbidden = 9,
}
