using System.Buffers.Binary;
using EdgeML.Native.Interop;

namespace EdgeML.Native.Models;

/// <summary>SHA-256 by libedgeml: the runtime's own needs OpenSSL, which the image of a device may lack. One thread at a time.</summary>
sealed class ContentHash
{
    const int BlockBytes = 64, LengthBytes = 8;

    readonly uint[] _state =
        [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
    readonly byte[] _block = new byte[BlockBytes];
    ulong _bytes;

    internal ContentHash() => NativeLibraryLoader.EnsureLoaded();

    /// <summary>Digest of <paramref name="data"/>: 64 hexadecimal digits, small letters.</summary>
    internal static string Of(ReadOnlySpan<byte> data)
    {
        var hash = new ContentHash();
        hash.Append(data);
        return hash.Finish();
    }

    /// <summary>Takes in the next bytes; pieces of any length.</summary>
    internal void Append(ReadOnlySpan<byte> data)
    {
        int held = (int)(_bytes % BlockBytes);
        _bytes += (ulong)data.Length;
        if (held > 0)
        {
            ReadOnlySpan<byte> first = data[..Math.Min(BlockBytes - held, data.Length)];
            first.CopyTo(_block.AsSpan(held));
            if (held + first.Length < BlockBytes) return;
            Absorb(_block);
            data = data[first.Length..];
        }
        int rest = data.Length % BlockBytes;
        Absorb(data[..^rest]);
        data[^rest..].CopyTo(_block);
    }

    /// <summary>Digest of everything: 64 hexadecimal digits, small letters. The last call.</summary>
    internal string Finish()
    {
        ulong bits = _bytes * 8;
        int held = (int)(_bytes % BlockBytes);
        Span<byte> end = stackalloc byte[2 * BlockBytes];
        end.Clear();
        _block.AsSpan(0, held).CopyTo(end);
        end[held] = 0x80;
        end = end[..(held + 1 + LengthBytes <= BlockBytes ? BlockBytes : 2 * BlockBytes)];
        BinaryPrimitives.WriteUInt64BigEndian(end[^LengthBytes..], bits);
        Absorb(end);
        Span<byte> digest = stackalloc byte[_state.Length * sizeof(uint)];
        for (int i = 0; i < _state.Length; i++) BinaryPrimitives.WriteUInt32BigEndian(digest[(i * sizeof(uint))..], _state[i]);
        return Convert.ToHexStringLower(digest);
    }

    void Absorb(ReadOnlySpan<byte> blocks) =>
        NativeError.Check(NativeMethods.Sha256Blocks(_state, blocks, (ulong)(blocks.Length / BlockBytes)));
}
