using System.Net;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Learning.Traces;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Energy;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Tails;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Baselines;
using EdgeML.Simulation.Decisions;

namespace EdgeML.Cli.Running;

/// <summary>How the session is set up that answers a run.</summary>
/// <param name="request">The options.</param>
/// <param name="package">The model.</param>
sealed class RunSetup(RunRequest request, ModelPackage package)
{
    /// <summary>Takes down the decisions; null for none.</summary>
    public DecisionLog? Log { get; init; }

    /// <summary>Records a learning controller's experience; null for none.</summary>
    public TransitionTrace? Record { get; init; }

    /// <summary>Hears of the link; null without a tail.</summary>
    public TailNotices? Notices { get; init; }

    /// <summary>The session's options.</summary>
    /// <param name="onWarning">Gets possible reasons for wrong answers.</param>
    /// <exception cref="ArgumentException">Options that do not go together, or not with the model.</exception>
    public EdgeSessionOptions Options(Action<string> onWarning)
    {
        (float[] thresholds, int cut) = ThresholdsAndCut();
        if (!request.IsFixed && (request.Policy.IsFixed || request.Offload.Bottleneck > 0))
            throw new ArgumentException(
                $"controller {request.Controller} chooses thresholds and cut; "
                    + "--thresholds, --cut, --bottleneck and --standby go with --controller fixed");
        request.Experience.Check(request.Controller ?? PolicyControllers.Fixed);
        TransitionTrace? source = request.Experience.Load();
        OffloadChoice offload = request.Offload;
        Check(offload);
        return new EdgeSessionOptions
        {
            InFlight = request.InFlight,
            Codec = request.Offload.Codec,
            DeadlineMs = request.Bounds.DeadlineMs,
            Tail = offload is { HasSeveral: false, Tails: [var only] } ? TailAt(only.Address) : null,
            Tails = !offload.HasSeveral ? null : new TailSetOptions
            {
                Tails =
                [
                    .. offload.Tails.Select(tail => new TailEntry
                    {
                        Options = TailAt(tail.Address),
                        Weight = tail.Weight ?? 1,
                        EveryAddress = offload.EveryAddress && !IPAddress.TryParse(tail.Address.Host, out _),
                    }),
                ],
                Choice = offload.Choice ?? TailChoice.Ordered,
                HedgeQuantile = offload.HedgeQuantile,
            },
            RequireTail = request.Offload.RequireTail,
            CreateController = request.IsFixed ? null : context => Controller(context with { SourceTrace = source, RecordTrace = Record }),
            Policy = request.IsFixed
                ? new ExitPolicy(
                    thresholds, cut, ControlIntervals.MaxInterval, request.Offload.Bottleneck, request.Policy.Standby ?? 0)
                : null,
            OnWarning = onWarning,
            RawInput = request.Offload.RawInput,
            AllowStandby = request.Policy.AllowStandby,
            KeepGuarantee = request.KeepPromise,
            Seed = request.Seed,
            Energy = new EnergySensorOptions { Source = request.Bounds.EnergySource },
            Requirements = request.Bounds.Bounds,
        };
    }

    static void Check(OffloadChoice offload)
    {
        bool none = offload.Tails.Length == 0;
        if (none && offload.RequireTail) throw new ArgumentException("--require-tail goes with --tail");
        if (none && offload.ProbeLimit is not null) throw new ArgumentException("--probe-limit goes with --tail");
        if (none && offload.Tls is not null) throw new ArgumentException("--tls and its files go with --tail");
        if (none && offload.EveryAddress) throw new ArgumentException("--tail-addresses goes with --tail");
        if (!offload.HasSeveral && offload.Choice is not null)
            throw new ArgumentException($"--tail-choice goes with several tails, --tail names {offload.Tails.Length}");
        if (!offload.HasSeveral && offload.HedgeQuantile is not null)
            throw new ArgumentException($"--tail-hedge goes with several tails, --tail names {offload.Tails.Length}");
        if (offload.HedgeQuantile is not (null or (>= 0.5 and <= 0.999)))
            throw new ArgumentException(FormattableString.Invariant($"--tail-hedge is {offload.HedgeQuantile}, not a quantile in 0.5..0.999"));
        if (offload.Choice != TailChoice.Balanced && Array.Find(offload.Tails, tail => tail.Weight is not null) is { Weight: not null } weighted)
            throw new ArgumentException(FormattableString.Invariant(
                $"--tail gives {weighted.Address} the weight {weighted.Weight}; weights go with several tails and --tail-choice balanced"));
    }

    TailClientOptions TailAt(HostPort address) => new()
    {
        Host = address.Host,
        Port = address.Port,
        Tls = request.Offload.Tls,
        ProbeBudget = request.Offload.ProbeLimit,
        Logger = Notices,
    };

    (float[] Thresholds, int Cut) ThresholdsAndCut()
    {
        ModelManifest manifest = package.Manifest;
        float[] thresholds = request.Policy.Thresholds ?? new float[manifest.SideExits];
        if (thresholds.Length != manifest.SideExits)
            throw new ArgumentException($"{thresholds.Length} thresholds, model {manifest.Name} has {manifest.SideExits} side exits");
        int bottleneck = request.Offload.Bottleneck;
        int cut = bottleneck == 0 || request.Policy.Cut is not null
            ? (request.Policy.Cut ?? CutChoice.Local).Resolve(manifest.LocalCut, manifest.Name)
            : CutOf(bottleneck);
        return (thresholds, cut);
    }

    int CutOf(int bottleneck)
    {
        int known = package.Bottlenecks.Items.Count;
        if (bottleneck > known)
            throw new ArgumentException(
                $"bottleneck {bottleneck} does not exist, the package of {package.Manifest.Name} holds {known}");
        return package.Bottlenecks.Items[bottleneck - 1].Cut;
    }

    IPolicyController Controller(ControllerContext context)
    {
        IPolicyController controller = BaselineControllers.Create(request.Controller!, context);
        return Log is null ? controller : new LoggingController(controller, Log);
    }
}
