using EdgeML.Native.Codecs;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Energy;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Tails;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Inference.Sessions;

/// <summary>How an <see cref="EdgeSession"/> runs its tasks.</summary>
public sealed record EdgeSessionOptions
{
    /// <summary>Tasks that may be under way at the same time. Each has its own memory; they share sessions and weights.</summary>
    public int InFlight { get; init; } = 1;

    /// <summary>How cut tensors travel. At cut 0 the source's own bytes are sent where the input came as bytes.</summary>
    public TensorEncoding Codec { get; init; } = TensorEncoding.Float32;

    /// <summary>Whether the input itself may be sent. False keeps it on the device: cut 0 is no candidate, a fixed policy with it is
    /// refused, and checks of a guarantee run here.</summary>
    public bool RawInput { get; init; } = true;

    /// <summary>Milliseconds the tail may take to answer, counted from the call, so that waiting for a slot is in it; then the edge finishes. Null: the
    /// latency bound, or <see cref="DefaultDeadlineMs"/> without one.</summary>
    public double? DeadlineMs { get; init; }

    /// <summary>The deadline where neither an option nor a bound gives one.</summary>
    public const double DefaultDeadlineMs = 1000;

    /// <summary>Where the tail is. Null: everything runs here, both halves of a cut too.</summary>
    public TailClientOptions? Tail { get; init; }

    /// <summary>Several tails instead of <see cref="Tail"/>, each of whose tasks goes to one of them.</summary>
    public TailSetOptions? Tails { get; init; }

    /// <summary>How long a new session waits for the tail, so that the first plans know its speed. Without an answer it still starts.
    /// </summary>
    public TimeSpan ConnectWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether the session is refused where the tail cannot be used at the start, instead of answering everything here.</summary>
    public bool RequireTail { get; init; }

    /// <summary>The controller, one of <see cref="PolicyControllers.Names"/>. Null: <see cref="Policy"/> stays until it is set
    /// again.</summary>
    public string? ControllerName { get; init; }

    /// <summary>Makes the caller's controller from the session's context, instead of <see cref="ControllerName"/>; the session
    /// disposes it.</summary>
    public Func<ControllerContext, IPolicyController>? CreateController { get; init; }

    /// <summary>Seeds everything random in the controller.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>The policy without a controller. Null: everything on the edge, no early exit.</summary>
    public ExitPolicy? Policy { get; init; }

    /// <summary>Whether a controller may choose a standby exit where the tail may be late: see <see cref="ExitPolicy.Standby"/>. Such an exit
    /// answers whatever its entropy, so none does under a guarantee. A fixed policy says so itself.</summary>
    public bool AllowStandby { get; init; } = true;

    /// <summary>Whether thresholds stay inside the limits of the package's guarantee, where it has one.</summary>
    public bool KeepGuarantee { get; init; } = true;

    /// <summary>Share of the tasks whose early answers are compared with the whole network's when the session is idle, to notice
    /// inputs that the guarantee was not made for; 0 for none. Without a guarantee nothing is compared, but for a package without a calibration:
    /// there a tenth of the tasks, or this share where it is larger, is run through all exits until their accuracy is known.</summary>
    public double CheckShare { get; init; } = 0.01;

    /// <summary>Whether the plans that the first tasks are likely to use are run once before the first task, which takes up to some two
    /// seconds for a large network; null where a controller is used, because a slow first task would teach it something wrong.</summary>
    public bool? WarmUp { get; init; }

    /// <summary>Gets, once each, warnings about how the session works, for instance that exits answer whose accuracy is not
    /// known; also by <see cref="EdgeSession.Warnings"/>. On the thread of the constructor or of a task; must not call the session.</summary>
    public Action<string>? OnWarning { get; init; }

    /// <summary>The user's bounds.</summary>
    public Requirements Requirements { get; init; } = Requirements.None;

    /// <summary>Times and power of this device; null for the package's, or for a measurement where a controller needs one.</summary>
    public DeviceProfile? Profile { get; init; }

    /// <summary>Measures the energy of tasks; null for the sensor that <see cref="Energy"/> names.</summary>
    public IEnergyMeter? EnergyMeter { get; init; }

    /// <summary>The sensor that measures the energy of tasks. By default the first that works, then the power model that the profile declares;
    /// an emulated device always takes the latter.</summary>
    public EnergySensorOptions Energy { get; init; } = new();

    /// <summary>Answers as late as a slower device would; null for this machine as it is.</summary>
    public DeviceEmulation? Emulation { get; init; }
}
