using EdgeML.Native.Codecs;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Tails;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Offload;

/// <summary>Counts the allocations of the whole process, so nothing else may run meanwhile.</summary>
[CollectionDefinition(nameof(WholeProcess), DisableParallelization = true)]
public class WholeProcess;

[Collection(nameof(WholeProcess))]
public class OffloadAllocationTests
{
    const int Tasks = 1000;

    [Fact]
    public void SendAndWait_SteadyState_AllocatesNothingOnEitherSide()
    {
        using var world = new World();
        Assert.InRange(LeastPerTask(world.Blocking), 0, 8);
    }

    [Fact]
    public void SendAsync_SteadyState_AllocatesNothingOnEitherSide()
    {
        using var world = new World();
        Assert.InRange(LeastPerTask(world.Awaiting), 0, 8);
    }

    [Fact]
    public void SendAsync_WithATokenThatIsNeverSignalled_AllocatesNothingOnEitherSide()
    {
        using var source = new CancellationTokenSource();
        using var world = new World { Cancellation = source.Token };
        Assert.InRange(LeastPerTask(world.Awaiting), 0, 8);
    }

    [Fact]
    public void SeveralTails_SteadyState_BlockingAllocatesNothing()
    {
        using var world = new World(several: true);
        Assert.InRange(LeastPerTask(world.Blocking), 0, 8);
    }

    /// <summary>The quietest of some rounds: the test host itself allocates now and then.</summary>
    static double LeastPerTask(Action<int> run)
    {
        run(500);
        double least = double.MaxValue;
        for (int round = 0; round < 8 && least > 8; round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            run(Tasks);
            least = Math.Min(least, (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Tasks);
        }
        return least;
    }

    sealed class World : IDisposable
    {
        readonly TailServer _server = new(new FakeTail(), new TailServerOptions());
        readonly TailServer? _second;
        readonly ITail _client;
        readonly SendBuffer _buffer = new(65536);
        readonly float[] _logits = new float[FakeTail.Classes];
        readonly ManualResetEventSlim _completed = new();
        readonly Action _complete;
        readonly TailRequest _request;

        public CancellationToken Cancellation { get; init; }

        public World(bool several = false)
        {
            _second = several ? new TailServer(new FakeTail(), new TailServerOptions()) : null;
            _client = _second is null
                ? TailClientTests.Client(_server.EndPoint.Port, null, options => options with { CompleteInline = true })
                : TailSetTests.Set([_server.EndPoint.Port, _second.EndPoint.Port]);
            _complete = _completed.Set;
            _request = new TailRequest
            {
                Policy = new ExitPolicy([0.5f], 2),
                Encoding = TensorEncoding.Float32,
                Payload = _buffer.Address,
                PayloadBytes = 65536,
                DeadlineMs = 20_000,
            };
        }

        public void Blocking(int count)
        {
            for (int i = 0; i < count; i++) Assert.True(_client.SendAndWait(_request, _logits).Outcome == TailOutcome.Answered);
        }

        /// <summary>Awaits by hand: a compiled await would add its own state machine to the count.</summary>
        [System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA2012", Justification = "Consumed once, by the awaiter.")]
        public void Awaiting(int count)
        {
            for (int i = 0; i < count; i++)
            {
                var awaiter = _client.SendAsync(_request, _logits, Cancellation).ConfigureAwait(false).GetAwaiter();
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
            _second?.Dispose();
            _completed.Dispose();
        }
    }
}
