using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;
using EdgeML.Native.Preparation;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>What is disposed says so by its own name, and can be disposed again.</summary>
public sealed class DisposedTests
{
    static void AssertDisposed(string name, Action act) => Assert.Equal(name, Assert.Throws<ObjectDisposedException>(act).ObjectName);

    [Fact]
    public void EdgeSession_Disposed_SaysSo()
    {
        using var loaded = new LoadedGraph("chain");
        var session = new EdgeSession(loaded.Model);
        session.Run(loaded.Input(1));
        session.Dispose();
        session.Dispose();
        AssertDisposed(nameof(EdgeSession), () => session.Run(loaded.Input(1)));
        AssertDisposed(nameof(EdgeSession), () => session.Run(new byte[loaded.Manifest.Input.Elements]));
        AssertDisposed(nameof(EdgeSession), () => session.RunAsync(loaded.Input(1)).AsTask().GetAwaiter().GetResult());
        AssertDisposed(
            nameof(EdgeSession), () => session.RunAsync(new byte[loaded.Manifest.Input.Elements]).AsTask().GetAwaiter().GetResult());
        AssertDisposed(nameof(EdgeSession), () => session.Policy = loaded.Policy(0f, 1));
        AssertDisposed(nameof(EdgeSession), () => session.Requirements = Requirements.None);
        AssertDisposed(nameof(EdgeSession), session.Flush);
        Assert.Contains("disposed", session.ToString(), StringComparison.Ordinal);
        // What it has counted can still be read.
        Assert.Equal(1, session.Control.Tasks);
    }

    [Fact]
    public void BranchedModel_Disposed_SaysSo()
    {
        using var loaded = new LoadedGraph("chain");
        BranchedModel model = BranchedModel.Load(loaded.Folder);
        model.Dispose();
        model.Dispose();
        AssertDisposed(nameof(BranchedModel), () => new EdgeSession(model).Dispose());
        AssertDisposed(nameof(BranchedModel), () => new TailServer(new ModelTailExecutor(model), new TailServerOptions()).Dispose());
        AssertDisposed(nameof(BranchedModel), () => model.WaitForFusion(TimeSpan.Zero));
    }

    [Fact]
    public void ModelPackage_Disposed_SaysSo()
    {
        using var loaded = new LoadedGraph("chain");
        ModelPackage package = ModelPackage.Open(loaded.Folder);
        package.Dispose();
        package.Dispose();
        AssertDisposed(nameof(ModelPackage), () => BranchedModel.Load(package).Dispose());
        AssertDisposed(nameof(ModelPackage), () => package.SaveBottlenecks([]));
        AssertDisposed(nameof(ModelPackage), () => package.BuildWhole());
    }

    [Fact]
    public void TailServerAndClient_DisposedTwice_AreQuiet()
    {
        using var loaded = new LoadedGraph("chain");
        var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions());
        var client = new TailClient(ModelTail.To(server.EndPoint.Port), loaded.Manifest);
        Assert.True(client.WaitUntilUp(ModelTail.Patience));
        client.Dispose();
        client.Dispose();
        server.Dispose();
        server.Dispose();
        Assert.False(client.IsUp);
    }

    [Fact]
    public void Results_InText_AreReadable()
    {
        using var loaded = new LoadedGraph("chain");
        using var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions());
        using var session = new EdgeSession(loaded.Model);
        TaskResult result = session.Run(loaded.Input(1));
        object[] all =
        [
            result, session, session.Link, session.TailStatus, session.Control, session.Requirements, session.Policy,
            session.Explanation, session.GuaranteeChecks, loaded.Manifest, loaded.Manifest.Input, loaded.Manifest.Units[0],
            loaded.Manifest.Cuts[0], loaded.Manifest.Exits[0], loaded.Model, loaded.Model.Package, server, new Requirements(20, 0.5),
            new PreparedModel(loaded.Manifest, ["a note"]), new TailReply { Outcome = TailOutcome.Late, Reason = FallbackReason.Late },
            new ExitCalibration(1, [0.5f], [true], "pictures", labelled: true), new TaskRecord(), new PolicyEstimate(), new Observation(),
            DeviceProfiler.Measure(loaded.Model, "here", runs: 1), BottleneckSet.None,
        ];
        foreach (object each in all)
        {
            string text = each.ToString()!;
            Assert.DoesNotContain("EdgeML.Native", text, StringComparison.Ordinal);
            Assert.DoesNotContain("System.", text, StringComparison.Ordinal);
            Assert.DoesNotContain('`', text);
            Assert.True(text.Length > 3, each.GetType().Name);
            Assert.DoesNotContain('\n', text);
        }
        Assert.Equal("at most 20 ms and at most 0.5 J", new Requirements(20, 0.5).ToString());
        Assert.Contains(loaded.Manifest.Name, loaded.Manifest.ToString(), StringComparison.Ordinal);
    }
}
