using System.Runtime.InteropServices;

namespace EdgeML.Cli.CommandLine;

/// <summary>Turns the first SIGINT or SIGTERM into a cancellation, so that commands can end child processes and remove temporary
/// files.</summary>
/// <remarks>A second signal ends the process at once, in case the orderly way is stuck.</remarks>
sealed class InterruptScope : IDisposable
{
    readonly CancellationTokenSource _source = new();
    readonly PosixSignalRegistration _interrupt;
    readonly PosixSignalRegistration _terminate;
    int _signals;

    public InterruptScope()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle);
    }

    public CancellationToken Token => _source.Token;

    /// <summary>128 and the signal's number, as a shell reports it.</summary>
    public int ExitCode { get; private set; } = 130;

    void Handle(PosixSignalContext context)
    {
        if (Interlocked.Increment(ref _signals) > 1) return;
        context.Cancel = true;
        ExitCode = context.Signal == PosixSignal.SIGTERM ? 143 : 130;
        _source.Cancel();
    }

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _source.Dispose();
    }
}
