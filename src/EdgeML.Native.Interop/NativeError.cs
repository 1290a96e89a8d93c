using System.Text;

namespace EdgeML.Native.Interop;

/// <summary>Turns a status and the calling thread's native text into an exception.</summary>
static class NativeError
{
    /// <exception cref="NativeException">The status is negative.</exception>
    internal static void Check(NativeStatus status)
    {
        if (status != NativeStatus.Ok) Throw(status);
    }

    static void Throw(NativeStatus status)
    {
        Span<byte> text = stackalloc byte[2048];
        int length = (int)Math.Min(NativeMethods.LastError(text, (nuint)text.Length), (nuint)text.Length) - 1;
        throw new NativeException(status, length > 0 ? Encoding.UTF8.GetString(text[..length]) : $"native call failed with {status}");
    }
}
