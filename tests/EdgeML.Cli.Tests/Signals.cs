using System.Runtime.InteropServices;

namespace EdgeML.Cli.Tests;

/// <summary>What a user, a service manager or the kernel sends to a process.</summary>
static partial class Signals
{
    public const int HangUp = 1, Interrupt = 2, Kill = 9, Terminate = 15;

    public static void Send(this ChildProcess process, int signal)
    {
        if (kill(process.Id, signal) != 0) throw new InvalidOperationException($"kill failed with {Marshal.GetLastPInvokeError()}");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int process, int signal);
}
