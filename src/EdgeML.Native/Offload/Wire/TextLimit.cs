using System.Text;

namespace EdgeML.Native.Offload.Wire;

/// <summary>Text for people in a header, cut where it is too long.</summary>
static class TextLimit
{
    /// <summary>How many characters a number of UTF-8 bytes holds.</summary>
    public static int LengthWithin(string text, int bytes)
    {
        int length = Math.Min(text.Length, bytes);
        while (length > 0 && (Encoding.UTF8.GetByteCount(text.AsSpan(0, length)) > bytes || char.IsHighSurrogate(text[length - 1]))) length--;
        return length;
    }
}
