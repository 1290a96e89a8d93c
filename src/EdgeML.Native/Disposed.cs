namespace EdgeML.Native;

/// <summary>How everything here says that it was disposed: by its plain name.</summary>
static class Disposed
{
    /// <exception cref="ObjectDisposedException">It is disposed.</exception>
    public static void ThrowIf(bool disposed, string name)
    {
        if (disposed) Throw(name);
    }

    static void Throw(string name) => throw new ObjectDisposedException(name);
}
