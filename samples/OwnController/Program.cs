// Your own controller, live over a tail of this process and then in the simulator over a link and a device that you do not have.
//   dotnet run -c Release --project samples/OwnController -- PACKAGE
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;
using EdgeML.Server;
using EdgeML.Server.Configuration;
using EdgeML.Simulation.Decisions;
using EdgeML.Simulation.Replay;
using EdgeML.Training.Data;
using OwnController;

if (args is not [string package])
{
    Console.Error.WriteLine("usage: OwnController PACKAGE");
    return 2;
}
const int Tasks = 300;
var bounds = new Requirements(LatencyMs: 40, EnergyJ: double.PositiveInfinity);
using var model = BranchedModel.Load(package);
var here = DeviceProfiler.Measure(model, "this machine");

using (var tail = new TailServer(new ModelTailExecutor(model, here), new TailServerOptions()))
{
    var log = new DecisionLog(Tasks);
    using var session = new EdgeSession(model, new EdgeSessionOptions
    {
        Tail = new TailClientOptions { Host = "127.0.0.1", Port = tail.EndPoint.Port },
        CreateController = context => new LoggingController(new LinkRule(context), log),
        Requirements = bounds,
        Profile = here,
    });
    using ImageSource shapes = DataSpec.Parse("shapes:seed=1,difficulty=mixed").Open(model.Manifest, Tasks);
    byte[] picture = new byte[shapes.Elements];
    int sent = 0;
    for (int task = 0; task < Tasks; task++)
    {
        shapes.Read(task, picture);
        if (session.Run(picture).Offloaded) sent++;
    }
    Print("live", sent, log);
}

// The same rule on a device twenty times slower, over a link that drops from 20 to 2 Mbps and comes back.
var samples = model.Package.Calibration ?? throw new InvalidDataException($"{package} is not calibrated: edgeml calibrate");
var scenario = new ReplayScenario(new ReplayProfile(model.Manifest, here.Scaled(20), here), samples)
{
    Link = LinkCourse.Parse("square:20,2,tasks=100", rttMs: 5),
    Bounds = bounds,
    Tasks = Tasks,
};
ReplayResult replay = ReplayRunner.Run(scenario, context => new LinkRule(context), seed: 1);
Print("simulated", replay.Run.Records.Count(record => record.Offloaded), DecisionLog.Of(replay.Run, bounds));
Console.WriteLine(replay);
return 0;

static void Print(string run, int sent, DecisionLog log)
{
    Console.WriteLine($"{run}: {Tasks} tasks, {sent} by the tail, {log.Count} decisions; the cut moves");
    for ((int i, int cut) = (0, -1); i < log.Count; cut = log[i++].Explanation.Policy.Cut)
    {
        LoggedDecision decision = log[i];
        if (decision.Explanation.Policy.Cut != cut) Console.WriteLine($"  at task {decision.FirstTask}: {decision.Explanation}");
    }
}
