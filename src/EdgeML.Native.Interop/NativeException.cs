namespace EdgeML.Native.Interop;

/// <summary>A native call failed; the message is the native library's, one line with the deciding numbers.</summary>
public sealed class NativeException : Exception
{
    /// <summary>Creates an exception without a native cause.</summary>
    public NativeException() : this(NativeStatus.Internal, "native call failed")
    {
    }

    /// <summary>Creates an exception of <see cref="NativeStatus.Internal"/>.</summary>
    /// <param name="message">One line.</param>
    public NativeException(string message) : this(NativeStatus.Internal, message)
    {
    }

    /// <summary>Creates an exception of <see cref="NativeStatus.Internal"/>.</summary>
    /// <param name="message">One line.</param>
    /// <param name="innerException">Cause.</param>
    public NativeException(string message, Exception innerException) : base(message, innerException) => Status = NativeStatus.Internal;

    /// <summary>Creates an exception.</summary>
    /// <param name="status">The status of the native call.</param>
    /// <param name="message">One line.</param>
    public NativeException(NativeStatus status, string message) : base(message) => Status = status;

    /// <summary>The status of the native call.</summary>
    public NativeStatus Status { get; }
}
