using System.Runtime.InteropServices;

namespace EdgeML.Simulation.Processes;

/// <summary>Signals to child processes; Linux.</summary>
static partial class ProcessSignals
{
    public const int HangUp = 1, Terminate = 15, Continue = 18, Stop = 19;

    /// <summary>Sends one; a process that has ended gets none.</summary>
    public static void Signal(this ChildProcess process, int signal)
    {
        // Its number may be another's once it has ended.
        if (!process.HasExited) _ = kill(process.Id, signal);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int process, int signal);
}
