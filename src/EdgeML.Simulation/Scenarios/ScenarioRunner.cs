using System.Diagnostics;
using EdgeML.Native.Codecs;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Links;
using EdgeML.Training.Data;

namespace EdgeML.Simulation.Scenarios;

/// <summary>Runs rows of a scenario for real: a session on the emulated edge, a shaped link, a tail in another process.</summary>
/// <param name="scenario">The scenario.</param>
/// <param name="model">Loaded; rows may share it and run at the same time.</param>
/// <param name="edge">Times of the emulated edge.</param>
/// <param name="data">Opened once per row.</param>
/// <param name="inputs">The right answer to every input.</param>
/// <param name="codec">How cut tensors travel.</param>
sealed class ScenarioRunner(DemoScenario scenario, BranchedModel model, DeviceProfile edge, DataSpec data, RecordedInputs inputs,
    TensorEncoding codec)
{
    const int WarmUpRounds = 6;

    /// <summary>Runs every task of the scenario under one controller, at the scenario's pace; blocks until the last one.</summary>
    /// <param name="tail">Used by this row alone while it runs; null for a row that stays on the edge.</param>
    /// <param name="controller">Makes the controller.</param>
    /// <param name="progress">Takes the tasks as they finish.</param>
    /// <param name="cancellation">Checked between tasks.</param>
    public ScenarioRow Run(IScenarioTail? tail, Func<ControllerContext, IPolicyController> controller, RowProgress progress,
        CancellationToken cancellation)
    {
        ScenarioPhase phase = scenario.PhaseOf(0);
        using LinkShaper? link = tail is null ? null
            : new LinkShaper(new LinkShaperOptions { Target = tail.EndPoint, Trace = LinkTrace.Constant(15, 1) });
        RecordingController? recorder = null;
        using ImageSource source = data.Open(model.Manifest, scenario.Tasks);
        Apply(phase, link, tail);
        if (link is not null) WarmUp(link);
        using var session = new EdgeSession(model, new EdgeSessionOptions
        {
            Codec = codec,
            DeadlineMs = scenario.DeadlineMs,
            Tail = link is null ? null : Client(link),
            CreateController = context => recorder = new RecordingController(controller(context), scenario.Tasks, progress.Decisions),
            Seed = (int)(scenario.Seed & int.MaxValue),
            Requirements = phase.Bounds,
            Emulation = new DeviceEmulation(edge, scenario.EdgeSlowdown),
        });
        byte[] bytes = source.HasBytes ? new byte[source.Elements] : [];
        float[] tensor = source.HasBytes ? [] : new float[source.Elements];
        long due = Stopwatch.GetTimestamp();
        for (int task = 0; task < scenario.Tasks; task++)
        {
            if (source.HasBytes) source.Read(task, bytes);
            else source.ReadTensor(task, tensor);
            PreciseWait.For((due - Stopwatch.GetTimestamp()) / (double)Stopwatch.Frequency);
            cancellation.ThrowIfCancellationRequested();
            // A task that took longer than the period delays the next one; nothing is skipped and nothing piles up.
            due = Math.Max(due, Stopwatch.GetTimestamp()) + (long)(scenario.PeriodMs / 1000 * Stopwatch.Frequency);
            if (scenario.PhaseOf(task) != phase)
            {
                phase = scenario.PhaseOf(task);
                Apply(phase, link, tail);
                session.Requirements = phase.Bounds;
            }
            TaskResult result = source.HasBytes ? session.Run(bytes) : session.Run(tensor);
            bool correct = inputs.IsCorrect(task, result.Class);
            progress.Decisions.Judged(task, correct);
            var done = new ScenarioTask(recorder!.Record(task), progress.Decisions.DecisionOf(task), phase.Bounds, correct);
            progress.Add(done, session.Link, session.Control, session.Explanation);
        }
        tail?.SetLoad(1);
        return progress.Judge()!;
    }

    // The first run of every path compiles code and faults pages in, here and on the tail. That is no part of the scenario.
    void WarmUp(LinkShaper link)
    {
        ModelManifest manifest = model.Manifest;
        float[] tensor = new float[manifest.Input.Elements];
        byte[] bytes = new byte[tensor.Length];
        var thresholds = new float[manifest.SideExits];
        using var session = new EdgeSession(model, new EdgeSessionOptions { Codec = codec, DeadlineMs = 500, Tail = Client(link) });
        for (int round = 0; round < WarmUpRounds; round++)
        {
            Array.Fill(thresholds, round / (float)WarmUpRounds);
            foreach (int cut in (ReadOnlySpan<int>)[0, manifest.Exits[0].AfterUnit, manifest.LocalCut])
            {
                session.Policy = new ExitPolicy(thresholds, cut);
                if (cut > 0) session.Run(tensor);
                else session.Run(bytes);
            }
        }
    }

    static TailClientOptions Client(LinkShaper link) => new() { Host = link.EndPoint.Address.ToString(), Port = link.EndPoint.Port };

    static void Apply(ScenarioPhase phase, LinkShaper? link, IScenarioTail? tail)
    {
        link?.Hold(phase.Link.RateBitsPerSecond / 1e6, phase.Link.RttMs);
        tail?.SetLoad(phase.TailFactor);
    }
}
