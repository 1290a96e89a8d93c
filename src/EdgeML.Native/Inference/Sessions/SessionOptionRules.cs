using EdgeML.Native.Codecs;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Energy;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Inference.Sessions;

/// <summary>Rules for <see cref="EdgeSessionOptions"/>, checked before anything is made for a session.</summary>
static class SessionOptionRules
{
    /// <summary>More tasks under way than this gain nothing on any machine.</summary>
    public const int MostInFlight = 4096;

    /// <exception cref="ArgumentException">The first rule that is broken; the message names option and value.</exception>
    public static void Check(EdgeSessionOptions options, BranchedModel model)
    {
        OptionRule.Within(options.InFlight, 1, MostInFlight, nameof(options.InFlight));
        if (options.Codec is not (TensorEncoding.Float32 or TensorEncoding.Float16 or TensorEncoding.Int8))
            OptionRule.Refuse(nameof(options.Codec), options.Codec, "one of Float32, Float16, Int8");
        if (options.DeadlineMs is { } deadline) OptionRule.Positive(deadline, nameof(options.DeadlineMs));
        OptionRule.Wait(options.ConnectWait, nameof(options.ConnectWait));
        OptionRule.Within(options.CheckShare, 0.0, 1.0, nameof(options.CheckShare));
        Check(options.Requirements);
        Check(options.ControllerName);
        if (options is { ControllerName: not null, CreateController: not null })
            throw new ArgumentException(
                $"ControllerName is '{options.ControllerName}' and CreateController is set; a session takes one of them");
        if (options is { Tail: not null, Tails: not null }) throw new ArgumentException("Tail and Tails are set; a session takes one of them");
        if (options.RequireTail && options is { Tail: null, Tails: null }) throw new ArgumentException("RequireTail is true, but Tail is null");
        if (options.Energy is null) throw new ArgumentException("Energy is null");
        if (options.Energy.Source is { } source && !EnergySensors.Names.Contains(source))
            throw new ArgumentException($"Energy.Source is '{source}', not one of {string.Join(", ", EnergySensors.Names)}");
        options.Tail?.Check();
        options.Tails?.Check();
        // Memory last: the other checks are cheaper. Half of the free memory is left to plans and to other programs.
        long each = Workspace.BytesOf(model.Manifest), free = FreeMemory.Bytes;
        if (options.InFlight > 1 && (Int128)each * options.InFlight > free / 2)
            throw new ArgumentException(
                FormattableString.Invariant(
                    $"InFlight is {options.InFlight}, which takes {(double)each * options.InFlight / (1 << 20):0} MB ({each / 1024.0 / 1024:0.0} MB each); {free >> 20} MB of memory are free, and at most half of them are taken"));
    }

    /// <exception cref="ArgumentOutOfRangeException">A bound that is none.</exception>
    public static void Check(in Requirements requirements)
    {
        OptionRule.Bound(requirements.LatencyMs, nameof(requirements.LatencyMs));
        OptionRule.Bound(requirements.EnergyJ, nameof(requirements.EnergyJ));
    }

    /// <exception cref="ArgumentException">The policy does not fit the model, or the options forbid it.</exception>
    public static void Check(in ExitPolicy policy, EdgeSessionOptions options, BranchedModel model)
    {
        var manifest = model.Manifest;
        if (policy.Exits != manifest.SideExits)
            throw new ArgumentException($"{policy.Exits} thresholds, model {manifest.Name} has {manifest.SideExits} side exits");
        if (policy.Cut > manifest.LocalCut)
            throw new ArgumentException($"cut {policy.Cut} is outside 0..{manifest.LocalCut} of model {manifest.Name}");
        if (policy.Cut == 0 && !options.RawInput)
            throw new ArgumentException("cut 0 sends the input itself, and raw input is off; the first cut that may be used is 1");
        BottleneckSet bottlenecks = model.Bottlenecks;
        if (policy.Bottleneck > 0 && bottlenecks.PayloadBytes(policy.Cut, policy.Bottleneck) < 0)
            throw new ArgumentException(
                $"bottleneck {policy.Bottleneck} does not exist at cut {policy.Cut}, model {manifest.Name} has {bottlenecks.Items.Count}");
        HedgeSchedule.Check(policy, manifest);
    }

    static void Check(string? controller)
    {
        if (controller is not null && !PolicyControllers.Names.Contains(controller))
            throw new ArgumentException($"ControllerName is '{controller}', not one of {string.Join(", ", PolicyControllers.Names)}");
    }
}
