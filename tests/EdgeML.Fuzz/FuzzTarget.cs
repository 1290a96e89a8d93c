using EdgeML.Native.Offload.Wire;

namespace EdgeML.Fuzz;

/// <summary>A reader of bytes from elsewhere, with the rules that hold for every input.</summary>
/// <param name="Name">On the command line, and of its folder in the corpus.</param>
/// <param name="What">What it reads.</param>
/// <param name="Runs">Mutations of one ordinary run.</param>
/// <param name="Read">Reads an input; false where it is refused without an exception. Throws <see cref="FindException"/> where a rule is
/// broken.</param>
/// <param name="Seeds">Makes the inputs that the corpus begins with: name and bytes.</param>
sealed record FuzzTarget(
    string Name, string What, int Runs, Func<ReadOnlyMemory<byte>, bool> Read, Func<IEnumerable<(string Name, byte[] Bytes)>> Seeds)
{
    /// <summary>Longest input, bytes.</summary>
    public int MostBytes { get; init; } = 1 << 16;

    /// <summary>Bytes that reading may allocate on the reading thread whatever the input.</summary>
    public long MostAllocated { get; init; } = 1 << 20;

    /// <summary>And for every byte of the input.</summary>
    public long AllocatedPerByte { get; init; } = 256;

    /// <summary>Whether bytes are text, so that numbers are replaced as text.</summary>
    public bool IsText { get; init; }

    /// <summary>Reads one input and checks what it costs.</summary>
    /// <returns>Whether it was read.</returns>
    /// <exception cref="FindException">A rule is broken.</exception>
    public bool Run(ReadOnlyMemory<byte> data)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool read;
        try
        {
            read = Read(data);
        }
        catch (Exception e) when (e is InvalidDataException or ProtocolVersionException)
        {
            read = false;
        }
        catch (Exception e) when (e is not FindException)
        {
            throw new FindException($"{e.GetType().Name}: {e.Message}", e);
        }
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before, most = MostAllocated + (AllocatedPerByte * data.Length);
        return allocated <= most ? read
            : throw new FindException($"{allocated} bytes allocated for an input of {data.Length} bytes, {most} are allowed");
    }
}

/// <summary>An input that breaks a rule.</summary>
sealed class FindException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <exception cref="FindException">The rule does not hold.</exception>
    public static void Require(bool rule, string broken)
    {
        if (!rule) throw new FindException(broken);
    }
}
