using System.Security.Cryptography;
using EdgeML.Native.Models;

namespace EdgeML.Native.Tests.Models;

public class ContentHashTests
{
    [Fact]
    public void Of_EveryLengthOverThreeBlocks_IsSha256()
    {
        byte[] data = Bytes(200);
        for (int length = 0; length <= data.Length; length++)
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(data.AsSpan(0, length))), ContentHash.Of(data.AsSpan(0, length)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1000)]
    public void Append_InPieces_IsTheHashOfTheWhole(int piece)
    {
        byte[] data = Bytes(4321);
        var hash = new ContentHash();
        for (int at = 0; at < data.Length; at += piece)
        {
            hash.Append([]);
            hash.Append(data.AsSpan(at, Math.Min(piece, data.Length - at)));
        }
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(data)), hash.Finish());
    }

    static byte[] Bytes(int count)
    {
        byte[] data = new byte[count];
        new Random(17).NextBytes(data);
        return data;
    }
}
