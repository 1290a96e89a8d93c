using EdgeML.Native.Control;
using EdgeML.Native.Models;
using EdgeML.Native.Offload;

namespace EdgeML.Native.Inference;

/// <summary>Gives a session's controller what it needs to know: what every policy costs on this device, this tail and this codec.</summary>
static class SessionControl
{
    public static IPolicyController Create(BranchedModel model, DeviceProfile profile, SessionLink? link, EdgeSessionOptions options,
        ExitPromise? promise)
    {
        var manifest = model.Manifest;
        long[] payload = [.. manifest.Cuts.Select(cut => PayloadBytes(manifest, cut.K, options.Codec))];
        BottleneckSet bottlenecks = link is null ? BottleneckSet.None : model.Bottlenecks;
        profile = profile with { EncodeMs = [.. BottleneckTimes.Measure(bottlenecks).Select(each => each.EncodeMs)] };
        var costs = new CostModel(
            manifest, profile, tail: null, model.Package.Calibration, profile.Power, payload, promise: promise, bottlenecks: bottlenecks)
        {
            // Until the tail says which it holds.
            UsesBottlenecks = false,
            AllowsStandby = options.AllowStandby && promise is null,
        };
        if (link is not null)
        {
            link.Costs = costs;
            link.Snapshot();
        }
        var context = new ControllerContext { Model = costs, Seed = options.Seed, Learning = LearningMode.Background };
        return options.CreateController is { } create ? create(context) : PolicyControllers.Create(options.ControllerName!, context);
    }

    // Cut 0 sends the source's own bytes; inputs that come as tensors are rare enough to be planned as if they did.
    static long PayloadBytes(ModelManifest manifest, int cut, TensorEncoding codec) =>
        PayloadSize.Sent(manifest, cut, cut == 0 ? TensorEncoding.Bytes : codec);
}
