using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EdgeML.Native.Interop.Types;

namespace EdgeML.Native.Interop.Tests;

public unsafe class LifetimeTests
{
    static int s_released;

    public LifetimeTests()
    {
        NativeLibraryLoader.EnsureLoaded();
        Collect();
        Assert.Equal(0ul, NativeMethods.LiveObjects());
    }

    [UnmanagedCallersOnly]
    static void Released(void* user) => s_released += *(int*)user;

    static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    [Fact]
    public void BuffersAndChains_TenThousandCycles_LeaveNothing()
    {
        using (ContextHandle context = TinyNetwork.CreateContext())
        using (EngineHandle engine = TinyNetwork.Load(context, "unit"))
        {
            for (int i = 0; i < 10_000; i++)
            {
                NativeError.Check(NativeMethods.BufferCreate(out BufferHandle input, context, 32, 0));
                NativeError.Check(NativeMethods.BufferCreate(out BufferHandle output, context, 32, 64));
                NativeError.Check(NativeMethods.ChainCreate(out ChainHandle chain, context));
                using var none = new BufferHandle();
                NativeError.Check(NativeMethods.ChainAdd(chain, engine, input, output, none, new StageNative()));
                input.Dispose();
                output.Dispose();
                chain.Dispose();
            }
        }
        Assert.Equal(0ul, NativeMethods.LiveObjects());
    }

    [Fact]
    public void Engines_ManyCycles_MemoryStaysBounded()
    {
        using ContextHandle context = TinyNetwork.CreateContext();
        Cycle(200);
        long before = ResidentBytes();
        Cycle(2000);
        // 2,000 leaked sessions would be hundreds of megabytes.
        Assert.InRange(ResidentBytes() - before, long.MinValue, 32 << 20);
        Assert.Equal(1ul, NativeMethods.LiveObjects());

        void Cycle(int count)
        {
            for (int i = 0; i < count; i++) TinyNetwork.Load(context, "fused").Dispose();
        }

        static long ResidentBytes()
        {
            using var process = System.Diagnostics.Process.GetCurrentProcess();
            return process.WorkingSet64;
        }
    }

    [Fact]
    public void Handles_NeverDisposed_AreReleasedByTheirFinalizers()
    {
        Abandon();
        for (int i = 0; i < 20 && NativeMethods.LiveObjects() > 0; i++) Collect();
        Assert.Equal(0ul, NativeMethods.LiveObjects());

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Abandon()
        {
            var network = new TinyNetwork();
            Assert.Equal(NativeOutcome.Final, network.Run(0).Outcome);
        }
    }

    [Fact]
    public void Parents_DisposedFirst_LiveUntilTheirChildrenGo()
    {
        var network = new TinyNetwork();
        network.Context.Dispose();
        network.Input.Dispose();
        network.Features.Dispose();
        Assert.Equal(NativeOutcome.Final, network.Run(0).Outcome);
        network.Dispose();
        Assert.Equal(0ul, NativeMethods.LiveObjects());
    }

    [Fact]
    public void WeightsRelease_EngineAlive_WaitsForIt()
    {
        s_released = 0;
        int one = 1;
        float* data = (float*)NativeMemory.AlignedAlloc(256, 64);
        new Span<float>(data, 64).Clear();
        using ContextHandle context = TinyNetwork.CreateContext();
        NativeError.Check(NativeMethods.WeightsCreate(out WeightsHandle weights, context, &Released, &one));
        NativeError.Check(NativeMethods.WeightsAdd(weights, "w", NativeDtype.Float32, [8, 8], 2, data, 256));
        NativeError.Check(TinyNetwork.TryLoad(out EngineHandle engine, context, weights, TinyNetwork.Model("unit_shared")));
        weights.Dispose();
        Assert.Equal(0, s_released);
        engine.Dispose();
        Assert.Equal(1, s_released);
        NativeMemory.AlignedFree(data);
    }
}
