namespace EdgeML.Native.Offload.Client;

/// <summary>Whose turn it is to read from the link.</summary>
enum ReadingTurn
{
    /// <summary>The receiving thread's.</summary>
    Receiver,

    /// <summary>Nobody's: nothing is on the way, and the next blocked caller may take it.</summary>
    Nobody,

    /// <summary>A blocked caller's, until its task has ended.</summary>
    Caller,
}
