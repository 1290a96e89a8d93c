using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using Microsoft.Extensions.Logging;

namespace EdgeML.Native.Inference.Engines;

/// <summary>How the inference library is loaded, and the threads that compute. Models without own threads share one pool; the first of
/// them decides.</summary>
public sealed record BackendOptions
{
    /// <summary>Which inference library computes.</summary>
    public BackendKind Kind { get; init; }

    /// <summary>Threads that compute one operator, the caller included; 1..<see cref="MostThreads"/>.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Whether the model computes on its own threads instead of the pool that models share: <see cref="Threads"/> - 1 for each of
    /// its sessions, and the caller. <see cref="Cores"/> and <see cref="RealTimePriority"/> imply it. ONNX Runtime only.</summary>
    public bool OwnThreads { get; init; }

    /// <summary>Processors to compute on, by their numbers in Linux: at least one per thread, all among those the process was started with;
    /// empty for no choice. Each own thread stays on one of the last <see cref="Threads"/> - 1. A thread that runs a task is on one of the
    /// others while it computes, and then has its own mask again. Linux only.</summary>
    public IReadOnlyList<int> Cores { get; init; } = [];

    /// <summary>Real-time priority (<c>SCHED_FIFO</c>, 1..99) of own threads, and of a thread that runs a task while it computes; 0 for none.
    /// Needs the right to it (<c>RLIMIT_RTPRIO</c> or <c>CAP_SYS_NICE</c>). Whatever else wants the processor waits until the network is
    /// computed: on a device with one core that is everything. Linux only.</summary>
    public int RealTimePriority { get; init; }

    /// <summary>Whether idle pool threads spin; a little faster, much hotter. Off by default; own threads never do.</summary>
    public bool AllowSpinning { get; init; }

    /// <summary>File of the ONNX Runtime library; null for <c>EDGEML_ONNXRUNTIME</c>, then the copy beside the program. With TensorRT:
    /// the folder of its libraries; null for <c>EDGEML_TENSORRT_DIR</c>, then where they usually are.</summary>
    public string? LibraryPath { get; init; }

    /// <summary>Most bytes fused ranges may hold beside the shared weights; the least recently used go first.</summary>
    public long FusedBudgetBytes { get; init; } = 256L << 20;

    /// <summary>Whether ranges are fused in the background at all; without, every policy runs on unit-level sessions.</summary>
    public bool Fuse { get; init; } = true;

    /// <summary>Whether a plan that tries several exits becomes one session, decided at gates inside, instead of one session a stop. Saves
    /// some microseconds per stop and task. ONNX Runtime only.</summary>
    public bool JoinPlans { get; init; } = true;

    /// <summary>The program's own exit rule, which packages prepared with <c>custom:NAME</c> need and others refuse.</summary>
    public ICustomExitRule? CustomExitRule { get; init; }

    /// <summary>Whether a package with a custom rule is loaded without one, where nothing is decided: its exits go by entropy.</summary>
    internal bool WithoutCustomExitRule { get; init; }

    /// <summary>Whether the CPU gets the same engines as a GPU, one per range between stops, to compare the two bit for bit.</summary>
    internal bool MergedUnits { get; init; }

    /// <summary>Whether rows are computed together in any number, whether it pays or not: to compare them with rows alone.</summary>
    internal bool AnyBatchPays { get; init; }

    /// <summary>How engines are made instead of as the package says, while that is being found out; null otherwise.</summary>
    internal EngineSettings? Settings { get; init; }

    /// <summary>Called on the background thread before a plan is fused; an exception fails that build.</summary>
    internal Action? Fusing { get; init; }

    /// <summary>Keys of which one must have signed a package that is loaded by its folder; null loads any.</summary>
    public TrustedKeys? TrustedKeys { get; init; }

    /// <summary>TensorRT: folder where built engines are kept for the next time; null keeps nothing.</summary>
    public string? EngineFolder { get; init; }

    /// <summary>Index of the GPU, where a GPU computes.</summary>
    public int Device { get; init; }

    /// <summary>TensorRT: how the GPU runs a chain.</summary>
    public ChainRoute Route { get; init; }

    /// <summary>Called for every engine that is made, on any thread, one call at a time; must return quickly.</summary>
    public Action<BuildProgress>? Progress { get; init; }

    /// <summary>Ends a load at the next step of a build.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>TensorRT: gets its log lines, on any thread; null if not needed.</summary>
    public ILogger? Logger { get; init; }

    /// <summary>The most threads that make sense on this machine.</summary>
    public static int MostThreads => OptionRule.MostThreads;

    /// <summary>Whether a device computes, or ONNX Runtime on the processor.</summary>
    internal bool IsOnDevice => Kind != BackendKind.OnnxRuntime;

    /// <summary>The highest real-time priority.</summary>
    internal const int MostPriority = 99;

    /// <summary>The number that no processor reaches.</summary>
    internal const int MostCores = 1024;

    /// <summary>Whether the model has its own threads.</summary>
    internal bool HasOwnThreads => OwnThreads || Cores.Count > 0 || RealTimePriority > 0;

    void CheckCores()
    {
        ArgumentNullException.ThrowIfNull(Cores);
        for (int i = 0; i < Cores.Count; i++)
        {
            OptionRule.Within(Cores[i], 0, MostCores - 1, nameof(Cores));
            if (Cores.Take(i).Contains(Cores[i])) throw new ArgumentException($"core {Cores[i]} is named twice");
        }
        if (Cores.Count > 0 && Cores.Count < Threads)
            throw new ArgumentException($"{Threads} threads on {Cores.Count} {(Cores.Count == 1 ? "core" : "cores")}, at least one core per thread is needed");
        if (!HasOwnThreads) return;
        if (AllowSpinning) throw new ArgumentException("own threads, cores and a real-time priority do not go with AllowSpinning");
        if (Kind == BackendKind.TensorRt) throw new ArgumentException("own threads, cores and a real-time priority go with ONNX Runtime, not with TensorRT");
    }

    /// <exception cref="ArgumentException">An option with a value that it cannot have.</exception>
    internal void Check()
    {
        OptionRule.Named(Kind, nameof(Kind));
        OptionRule.Named(Route, nameof(Route));
        OptionRule.Within(Threads, 1, MostThreads, nameof(Threads));
        OptionRule.Within(RealTimePriority, 0, MostPriority, nameof(RealTimePriority));
        CheckCores();
        OptionRule.Within(Device, 0, 1024, nameof(Device));
        OptionRule.Within(FusedBudgetBytes, 0, long.MaxValue, nameof(FusedBudgetBytes));
    }
}

/// <summary>The inference libraries that can compute a model.</summary>
public enum BackendKind
{
    /// <summary>ONNX Runtime on the CPU; needs nothing that does not come with this library.</summary>
    OnnxRuntime,

    /// <summary>TensorRT on an NVIDIA GPU; needs NVIDIA's driver, TensorRT 10.3 or later, and the plug-in of its major.</summary>
    TensorRt,

    /// <summary>ONNX Runtime with its CUDA execution provider, on an NVIDIA GPU; needs the provider's libraries beside ONNX Runtime's (package
    /// <c>Microsoft.ML.OnnxRuntime.Gpu.Linux</c>), and CUDA and cuDNN of the version that they want. Not run on a GPU yet.</summary>
    OnnxRuntimeCuda,

    /// <summary>ONNX Runtime with its TensorRT execution provider, and the CUDA one for what TensorRT cannot compute; needs TensorRT besides.
    /// Not run on a GPU yet.</summary>
    OnnxRuntimeTensorRt,
}

/// <summary>How far the engines of a model are.</summary>
/// <param name="Engine">The one being made, from 1.</param>
/// <param name="Engines">All of them.</param>
/// <param name="Done">Of this one, 0..1, never falling.</param>
/// <param name="Phase">The inference library's name for the current work; empty where it gives none.</param>
public readonly record struct BuildProgress(int Engine, int Engines, double Done, string Phase);
