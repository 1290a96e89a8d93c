// Answers the newest frame of a camera: a frame that comes while another one is being answered replaces the one that waits.
//   dotnet run -c Release --project samples/CameraLoop -- PACKAGE SOURCE [FPS]
// SOURCE is the number of a camera, a video file, or a row of pictures such as frames/%03d.png. Recordings are read at FPS frames a second, and
// as fast as possible without it. Ctrl+C ends.
using System.Globalization;
using CameraLoop;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Streams;
using EdgeML.Native.Policies;
using OpenCvSharp;

if (args is not [string package, string source, .. { Length: <= 1 } rest])
{
    Console.Error.WriteLine("usage: CameraLoop PACKAGE SOURCE [FPS]");
    return 2;
}
double? framesPerSecond = rest is [string fps] ? double.Parse(fps, CultureInfo.InvariantCulture) : null;

using var model = BranchedModel.Load(package);
float[] thresholds = new float[model.Manifest.SideExits];
Array.Fill(thresholds, 0.1f);
using var session = new EdgeSession(model, new EdgeSessionOptions
{
    Policy = new ExitPolicy(thresholds, model.Manifest.LocalCut),
    WarmUp = true,
});
using var camera = int.TryParse(source, CultureInfo.InvariantCulture, out int number) ? new VideoCapture(number) : new VideoCapture(source);
if (!camera.IsOpened())
{
    Console.Error.WriteLine($"{source} cannot be opened");
    return 1;
}
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true;
    stop.Cancel();
};

using var frames = new CameraSource(camera);
var runner = new FrameRunner(session, frames, new FrameRunnerOptions { FramesPerSecond = framesPerSecond });
try
{
    runner.Run(Print, stop.Token);
}
catch (OperationCanceledException)
{
    // Ctrl+C.
}
FrameCounters counters = runner.Counters;
Console.WriteLine($"{counters.Read} frames, {counters.Answered} answered, {counters.Dropped} dropped");
return 0;

void Print(in FrameResult result, ReadOnlySpan<float> logits)
{
    string name = model.Manifest.ClassNames is { Count: > 0 } names ? names[result.Answer.Class] : $"class {result.Answer.Class}";
    Console.WriteLine(FormattableString.Invariant($"frame {result.Number}: {name} by exit {result.Answer.Exit} in {result.Answer.LatencyMs:0.0} ms"));
}
