using System.ComponentModel;
using System.Runtime.InteropServices;
using EdgeML.Simulation.Processes;
using Xunit.Sdk;

namespace EdgeML.Native.Tests.Energy;

/// <summary>A libnvidia-ml of our own, compiled once; skips where there is no C compiler.</summary>
public sealed unsafe class FakeNvml : IDisposable
{
    public const int NotSupported = 3, DriverNotLoaded = 9, GpuIsLost = 15;

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeml-nvml-");
    readonly string? _missing;
    readonly nint _library;

    public FakeNvml()
    {
        string file = Path.Combine(_folder.FullName, "libfake-nvidia-ml.so");
        _missing = Compile(file);
        if (_missing is null) _library = NativeLibrary.Load(file);
        File = file;
    }

    /// <summary>The library, for the loader.</summary>
    public string File { get; }

    /// <summary>Calls of init that no shutdown followed.</summary>
    public int Initialised => ((delegate* unmanaged<int>)NativeLibrary.GetExport(_library, "fake_initialised"))();

    public void Play(uint boards = 1, int init = 0, int energy = 0, int power = 0, ulong step = 1500)
    {
        if (_missing is not null) Assert.Skip(_missing);
        ((delegate* unmanaged<uint, int, int, int, ulong, void>)NativeLibrary.GetExport(_library, "fake_configure"))(
            boards, init, energy, power, step);
    }

    public void Dispose()
    {
        if (_library != 0) NativeLibrary.Free(_library);
        _folder.Delete(recursive: true);
    }

    static string? Compile(string target)
    {
        if (SourceTree.Root is not { } root || !OperatingSystem.IsLinux()) return "the fake NVML is compiled from the checkout, on Linux";
        string source = Path.Combine(root, "tests", "EdgeML.Native.Tests", "Energy", "fake_nvml.c");
        try
        {
            Outcome outcome = ChildProcess.Run(
                ["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", target, source], TimeSpan.FromMinutes(1));
            return outcome.ExitCode == 0 ? null : throw new XunitException(outcome.Error);
        }
        catch (Win32Exception)
        {
            return "no C compiler (cc) for the fake NVML";
        }
    }
}
