using EdgeML.Native.Control.Observations;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Inference.Engines;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>A session with an exit standing by, and what its controller is told.</summary>
sealed class Hedged : IDisposable
{
    readonly LoadedGraph _loaded;
    readonly float[] _logits;
    RecordingController? _controller;
    ExitPolicy _policy;

    /// <param name="loaded">The model.</param>
    /// <param name="policy">To begin with.</param>
    /// <param name="port">Of the tail; null for a session without one.</param>
    /// <param name="deadlineMs">Of every task.</param>
    /// <param name="change">Other options.</param>
    /// <param name="model">The same, loaded another time.</param>
    public Hedged(
        LoadedGraph loaded, ExitPolicy policy, int? port, double deadlineMs = 60_000,
        Func<EdgeSessionOptions, EdgeSessionOptions>? change = null, BranchedModel? model = null)
    {
        (_loaded, _logits, _policy) = (loaded, new float[loaded.Manifest.Classes], policy);
        var options = new EdgeSessionOptions
        {
            Tail = port is { } there ? ModelTail.To(there) : null,
            ConnectWait = ModelTail.Patience,
            DeadlineMs = deadlineMs,
            Profile = Device(loaded.Manifest, 1, 0.1),
            CreateController = _ => _controller = new RecordingController(() => _policy),
        };
        Session = new EdgeSession(model ?? loaded.Model, change?.Invoke(options) ?? options);
    }

    /// <summary>Of the next task.</summary>
    public ExitPolicy Policy
    {
        get => _policy;
        set
        {
            _policy = value;
            // The session has asked for the next task's policy already; new bounds make it ask again.
            Session.Requirements = Session.Requirements;
        }
    }

    public EdgeSession Session { get; }

    /// <summary>Logits of the last answer.</summary>
    public ReadOnlySpan<float> Logits => _logits;

    public TaskRecord Record => _controller!.Last;

    /// <summary>A device with equal units and equal heads.</summary>
    public static DeviceProfile Device(ModelManifest manifest, double unitMs, double headMs) => new()
    {
        Device = "made up",
        UnitMs = [.. manifest.Units.Select(_ => unitMs)],
        HeadMs = [.. Enumerable.Repeat(headMs, manifest.SideExits)],
    };

    public TaskResult Run(float[] input, bool isAsync = false)
    {
        Array.Clear(_logits);
        return isAsync ? Session.RunAsync(input, _logits).AsTask().GetAwaiter().GetResult() : Session.Run(input, _logits);
    }

    public TaskResult Run(byte[] source)
    {
        Array.Clear(_logits);
        return Session.Run(source, _logits);
    }

    /// <summary>Waits until a task would be sent.</summary>
    public void UntilUp() => Assert.True(SpinWait.SpinUntil(() => Session.Link.Up, ModelTail.Patience), "the link stays down");

    /// <summary>Checks that an exit on the edge answered the last task, and said what it says in a run that ends there.</summary>
    public void AssertSaid(TaskResult result, int exit, float[] input)
    {
        var thresholds = new float[_loaded.Manifest.SideExits];
        thresholds[exit - 1] = 1f;
        using var alone = new EdgeSession(
            _loaded.Model, new EdgeSessionOptions { Policy = new ExitPolicy(thresholds, _loaded.Manifest.LocalCut) });
        var logits = new float[_logits.Length];
        TaskResult expected = alone.Run(input, logits);
        Assert.Equal(exit, expected.Exit);
        Assert.Equal((exit, expected.Class, expected.Entropy), (result.Exit, result.Class, result.Entropy));
        Assert.Equal(expected.Confidence, result.Confidence, 1e-6);
        Assert.Equal(logits, _logits);
        Assert.True(result.Fallback && result.Standby && !result.Offloaded && !result.InvalidLogits);
        Assert.Equal((exit, result.Class, true, true), (Record.Exit, Record.Class, Record.Fallback, Record.StandbyReady));
    }

    public void Dispose() => Session.Dispose();
}
