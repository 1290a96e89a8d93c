using System.Runtime.CompilerServices;

namespace EdgeML.Native.Offload.Client;

/// <summary>A pinned payload with the headroom that <see cref="TailRequest"/> asks for, for payloads that are not sent from where they
/// were computed: half precision, the input's own bytes.</summary>
sealed class SendBuffer
{
    readonly byte[] _memory;
    readonly int _start;

    /// <summary>Allocates; reuse it for every task.</summary>
    /// <param name="payloadBytes">Capacity of the payload.</param>
    public SendBuffer(int payloadBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadBytes);
        const int alignment = 64;
        _memory = GC.AllocateArray<byte>(checked(payloadBytes + TailRequest.HeadroomBytes + alignment), pinned: true);
        nint first = AddressOf(_memory) + TailRequest.HeadroomBytes;
        _start = TailRequest.HeadroomBytes + (int)((alignment - (first % alignment)) % alignment);
        Capacity = payloadBytes;
    }

    /// <summary>Bytes the payload may have.</summary>
    public int Capacity { get; }

    /// <summary>The payload's memory, 64-byte aligned.</summary>
    public Span<byte> Payload => _memory.AsSpan(_start, Capacity);

    /// <summary>Address for <see cref="TailRequest.Payload"/>; valid while this object is alive.</summary>
    public nint Address => AddressOf(_memory) + _start;

    static unsafe nint AddressOf(byte[] pinned) => (nint)Unsafe.AsPointer(ref pinned[0]);
}
