using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Interop;

namespace EdgeML.Native.Tests.Inference.Engines;

/// <summary>A model with threads of its own, in a process whose other models share a pool. Where its threads run is tested on the native
/// library and on whole processes.</summary>
public sealed class OwnThreadsTests(ITestOutputHelper output)
{
    const int Tasks = 1000;

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    static int[] Usable => OperatingSystem.IsLinux() && File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal)) is { } line
        && CoreList.TryParse(line.Split(':')[1].Trim(), out int[] cores) ? cores : [];

    [Fact]
    public void OwnThreads_BesideASharedPool_AreAsManyAsAskedForAndAnswerTheSame()
    {
        using var shared = new LoadedGraph("chain");
        using var own = new LoadedGraph("chain", new BackendOptions { OwnThreads = true, Threads = 3 });
        Assert.False(shared.Model.Backend.HasOwnThreads);
        Assert.Equal((true, 3), (own.Model.Backend.HasOwnThreads, own.Model.Backend.Threads));
        Assert.Empty(own.Model.BackendNotes);
        for (int cut = 0; cut <= own.Manifest.LocalCut; cut++)
        {
            using var session = new EdgeSession(own.Model, new EdgeSessionOptions { Policy = own.Policy(0f, cut) });
            float[] input = own.Input(cut), logits = new float[own.Manifest.Classes];
            session.Run(input, logits);
            LoadedGraph.AssertClose(own.Reference(input)[^1], logits, $"cut {cut}");
            Assert.True(own.Model.WaitForFusion(s_patience));
            session.Run(input, logits);
            LoadedGraph.AssertClose(own.Reference(input)[^1], logits, $"cut {cut}, fused");
        }
    }

    [Fact]
    public void Threads_OtherThanThePoolHas_AreANote()
    {
        using var first = new LoadedGraph("chain");
        int others = first.Model.Backend.Threads + 1;
        using BranchedModel model = BranchedModel.Load(first.Folder, new BackendOptions { Threads = others });
        if (model.Backend.HasOwnThreads) Assert.Equal(others, model.Backend.Threads);
        else Assert.Contains($"was to compute on {others} threads and computes on {others - 1}", Assert.Single(model.BackendNotes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    public void Run_OnOwnThreadsAndCores_AllocatesNothing(int threads, bool pinned)
    {
        int[] cores = Usable;
        Assert.SkipWhen(pinned && cores.Length < threads, $"{cores.Length} cores for {threads} threads");
        using var loaded = new LoadedGraph("chain", new BackendOptions { OwnThreads = true, Threads = threads, Cores = pinned ? cores[^threads..] : [] });
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions { Policy = loaded.Policy(0f, loaded.Manifest.LocalCut) });
        float[] input = loaded.Input(1), logits = new float[loaded.Manifest.Classes];
        Run();
        Assert.True(loaded.Model.WaitForFusion(s_patience));
        Run();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        // Neither flushes small numbers to zero afterwards.
        Assert.NotEqual(0f, float.Epsilon * input.Length / input.Length);

        void Run()
        {
            for (int task = 0; task < Tasks; task++) session.Run(input, logits);
        }
    }

    [Fact]
    public void Cores_OutsideTheProcess_AreRefusedWithThoseThatItHas()
    {
        int[] cores = Usable;
        Assert.SkipWhen(cores.Length == 0, "no masks of processors here");
        using var loaded = new LoadedGraph("chain");
        NativeException error = Assert.Throws<NativeException>(() => BranchedModel.Load(loaded.Folder, new BackendOptions { Cores = [cores[^1] + 1] }));
        Assert.Equal(NativeStatus.Unsupported, error.Status);
        Assert.StartsWith($"core {cores[^1] + 1} is not among cores {cores[0]}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RealTimePriority_AnswersTheSameOrIsRefusedWithTheLimit()
    {
        using var loaded = new LoadedGraph("chain");
        float[] input = loaded.Input(1), logits = new float[loaded.Manifest.Classes];
        try
        {
            using BranchedModel model = BranchedModel.Load(loaded.Folder, new BackendOptions { RealTimePriority = 2, Threads = 2 });
            using var session = new EdgeSession(model);
            session.Run(input, logits);
        }
        catch (NativeException error)
        {
            output.WriteLine(error.Message);
            Assert.Contains("RLIMIT_RTPRIO is ", error.Message, StringComparison.Ordinal);
            return;
        }
        LoadedGraph.AssertClose(loaded.Reference(input)[^1], logits, "at a real-time priority");
    }

    [Theory]
    [InlineData("2,3", "2 3")]
    [InlineData("2-5,8", "2 3 4 5 8")]
    [InlineData(" 0 , 7", "0 7")]
    [InlineData("1023", "1023")]
    public void CoreList_Sound_IsRead(string text, string expected)
    {
        Assert.True(CoreList.TryParse(text, out int[] cores));
        Assert.Equal(expected, string.Join(' ', cores));
    }

    [Theory]
    [InlineData("")]
    [InlineData("2,")]
    [InlineData("3-2")]
    [InlineData("1-2-3")]
    [InlineData("-1")]
    [InlineData("2,2")]
    [InlineData("0-3,2")]
    [InlineData("1024")]
    [InlineData("99999999999")]
    [InlineData("two")]
    public void CoreList_Unsound_IsNone(string text) => Assert.False(CoreList.TryParse(text, out _));
}
