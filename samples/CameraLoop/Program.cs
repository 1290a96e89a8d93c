// Answers the newest frame of a camera: a frame that comes while another one is being answered replaces the one that waits.
//   dotnet run -c Release --project samples/CameraLoop -- PACKAGE SOURCE [FPS]
// SOURCE is the number of a camera, a video file, or a row of pictures such as frames/%03d.png. Recordings are read at FPS frames a second, and
// as fast as possible without it. Ctrl+C ends.
using System.Globalization;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using EdgeML.Native.Imaging;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Policies;
using OpenCvSharp;

if (args is not [string package, string source, .. { Length: <= 1 } rest])
{
    Console.Error.WriteLine("usage: CameraLoop PACKAGE SOURCE [FPS]");
    return 2;
}
TimeSpan pause = rest is [string fps] ? TimeSpan.FromSeconds(1 / double.Parse(fps, CultureInfo.InvariantCulture)) : TimeSpan.Zero;

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

(int seen, int answered, int dropped) = (0, 0, 0);
var newest = Channel.CreateBounded<(int Number, Mat Picture)>(
    new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true, SingleWriter = true },
    frame =>
    {
        frame.Picture.Dispose();
        dropped++;
    });
// Reading a camera blocks: its own thread.
Task reading = Task.Factory.StartNew(Read, TaskCreationOptions.LongRunning);
await foreach ((int frame, Mat picture) in newest.Reader.ReadAllAsync())
{
    using (picture)
    {
        ReadOnlySpan<byte> pixels = MemoryMarshal.AsBytes(picture.AsSpan<Vec3b>());
        TaskResult answer = session.Run(new ImageFrame(pixels, picture.Width, picture.Height, PixelFormat.Bgr24));
        string name = model.Manifest.ClassNames is { Count: > 0 } names ? names[answer.Class] : $"class {answer.Class}";
        Console.WriteLine(FormattableString.Invariant($"frame {frame}: {name} by exit {answer.Exit} in {answer.LatencyMs:0.0} ms"));
        answered++;
    }
}
await reading;
Console.WriteLine($"{seen} frames, {answered} answered, {dropped} dropped");
return 0;

void Read()
{
    try
    {
        while (!stop.IsCancellationRequested)
        {
            var picture = new Mat();
            if (!camera.Read(picture))
            {
                picture.Dispose();
                break;
            }
            newest.Writer.TryWrite((seen++, picture));
            stop.Token.WaitHandle.WaitOne(pause);
        }
    }
    finally
    {
        newest.Writer.Complete();
    }
}
