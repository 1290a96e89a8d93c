using EdgeML.Native.Inference;
using EdgeML.Native.Offload;

namespace EdgeML.Native.Tests.Offload;

/// <summary>Counts the allocations of the whole process, so nothing else may run meanwhile.</summary>
[CollectionDefinition(nameof(WholeProcess), DisableParallelization = true)]
public class WholeProcess;

[Collection(nameof(WholeProcess))]
public class OffloadAllocationTests
{
    const int Tasks = 3000;

    [Fact]
    public void SendAndWait_SteadyState_AllocatesNothingOnEitherSide()
    {
        using var world = new World();
        world.Blocking(500);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        world.Blocking(Tasks);
        double perTask = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Tasks;
        Assert.InRange(perTask, 0, 8);
    }

    [Fact]
    public void SendAsync_SteadyState_AllocatesNothingOnEitherSide()
    {
        using var world = new World();
        world.Awaiting(500);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        world.Awaiting(Tasks);
        double perTask = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Tasks;
        Assert.InRange(perTask, 0, 8);
    }

    sealed class World : IDisposable
    {
        readonly TailServer _server = new(new FakeTail(), new TailServerOptions());
        readonly TailClient _client;
        readonly SendBuffer _buffer = new(65536);
        readonly float[] _logits = new float[FakeTail.Classes];
        readonly ManualResetEventSlim _completed = new();
        readonly Action _complete;

        public World()
        {
            _client = TailClientTests.Client(_server.EndPoint.Port, null, options => options with { CompleteInline = true });
            _complete = _completed.Set;
        }

        TailRequest Request => new()
        {
            Policy = new ExitPolicy([0.5f], 2), Encoding = TensorEncoding.Float32, Payload = _buffer.Address, PayloadBytes = 65536, DeadlineMs = 20_000,
        };

        public void Blocking(int count)
        {
            for (int i = 0; i < count; i++) Assert.True(_client.SendAndWait(Request, _logits).Outcome == TailOutcome.Answered);
        }

        /// <summary>Awaits by hand: a compiled await would add its own state machine to the count.</summary>
        [System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA2012", Justification = "Consumed once, by the awaiter.")]
        public void Awaiting(int count)
        {
            for (int i = 0; i < count; i++)
            {
                var awaiter = _client.SendAsync(Request, _logits).GetAwaiter();
                if (!awaiter.IsCompleted)
                {
                    _completed.Reset();
                    awaiter.UnsafeOnCompleted(_complete);
                    _completed.Wait();
                }
                Assert.True(awaiter.GetResult().Outcome == TailOutcome.Answered);
            }
        }

        public void Dispose()
        {
            _client.Dispose();
            _server.Dispose();
            _completed.Dispose();
        }
    }
}
