using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Models.Payloads;

namespace EdgeML.Native.Inference.Sessions;

/// <summary>Gives a session's controller its context: the cost of every policy on this device, this tail and this codec.</summary>
static class SessionControl
{
    /// <summary>Fewer calibration samples than these say nothing that a plan could rest on.</summary>
    public const int LeastSamples = 50;

    /// <summary>The calibration that a session may plan on; null where the package has none, or too few samples.</summary>
    public static ExitCalibration? Calibration(ModelPackage package) =>
        package.Calibration is { Samples: >= LeastSamples } calibration ? calibration : null;

    /// <param name="model">Loaded.</param>
    /// <param name="profile">Of this device.</param>
    /// <param name="link">Null without a tail.</param>
    /// <param name="options">Of the session.</param>
    /// <param name="guarantee">To be kept; null for none.</param>
    /// <param name="costs">The controller's cost model.</param>
    public static IPolicyController Create(BranchedModel model, DeviceProfile profile, SessionLink? link, EdgeSessionOptions options,
        AccuracyGuarantee? guarantee, out CostModel costs)
    {
        var manifest = model.Manifest;
        // Inputs that come as tensors are rare enough to be planned as if they came as bytes.
        long[] payload = PayloadSize.SentAtCuts(manifest, options.Codec);
        BottleneckSet bottlenecks = link is null ? BottleneckSet.None : model.Bottlenecks;
        profile = profile with { EncodeMs = [.. BottleneckTimes.Measure(bottlenecks).Select(each => each.EncodeMs)] };
        costs = CostModel.Sceptical(
            manifest, profile, Calibration(model.Package), payload, guarantee, bottlenecks, options.AllowStandby, options.RawInput);
        // Until the tail says which it holds.
        costs.UsesBottlenecks = false;
        if (link is not null)
        {
            link.Costs = costs;
            link.Snapshot();
        }
        var context = new ControllerContext { Model = costs, Seed = options.Seed, Learning = LearningMode.Background };
        return options.CreateController is { } create ? create(context) : PolicyControllers.Create(options.ControllerName!, context);
    }
}
