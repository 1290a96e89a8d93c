using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Imaging;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;

namespace EdgeML.Cli.Tests.Documentation;

static class TutorialExample
{
    /// <summary>The code of docs/tutorial.md, line by line; a test compares the two. Paths are relative to the current folder.</summary>
    public static void Run()
    {
        // Tutorial begins
        using var model = BranchedModel.Load("my-model");
        using var session = new EdgeSession(model, new EdgeSessionOptions
        {
            Tail = new TailClientOptions { Host = "127.0.0.1", Port = 7410 },
            ControllerName = PolicyControllers.EdgeML,
            Requirements = new Requirements(LatencyMs: 5, EnergyJ: 0.002),
        });
        byte[] pixels = new byte[640 * 480 * 3]; // a camera's frame
        TaskResult answer = session.Run(new ImageFrame(pixels, 640, 480, PixelFormat.Bgr24));
        Console.WriteLine($"{model.Manifest.ClassNames[answer.Class]} by exit {answer.Exit} ({answer.Where}) in {answer.LatencyMs:0.0} ms");
        // Tutorial ends
    }
}
