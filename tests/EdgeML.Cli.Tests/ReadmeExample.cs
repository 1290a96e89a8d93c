using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;
using EdgeML.Native.Preparation;

namespace EdgeML.Cli.Tests;

static class ReadmeExample
{
    /// <summary>The code of the README, line by line; a test compares the two. Paths are relative to the current folder.</summary>
    public static void Run()
    {
        // README begins
        ModelPreparation.Prepare("models/shapes-vgg.onnx", "engines/my-model");
        using var model = BranchedModel.Load("engines/my-model");
        using var session = new EdgeSession(model, new EdgeSessionOptions
        {
            Tail = new TailClientOptions { Host = "127.0.0.1", Port = 7410 },
            ControllerName = PolicyControllers.EdgeML,
            Requirements = new Requirements(LatencyMs: 20, EnergyJ: 0.5),
        });
        byte[] image = new byte[model.Manifest.Input.Elements]; // red, green and blue plane
        TaskResult answer = session.Run(image);
        Console.WriteLine($"class {answer.Class} from exit {answer.Exit} in {answer.LatencyMs:0.0} ms, offloaded: {answer.Offloaded}");
        // README ends
    }
}
