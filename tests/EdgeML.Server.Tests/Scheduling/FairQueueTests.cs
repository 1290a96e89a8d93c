using EdgeML.Native.Codecs;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Server.Configuration;
using EdgeML.Server.Requests;
using EdgeML.Server.Scheduling;

namespace EdgeML.Server.Tests.Scheduling;

public sealed class FairQueueTests(ITestOutputHelper output) : IDisposable
{
    readonly ServedModel _model = new(new FakeTail(), new StagingBudget(1 << 20));
    readonly FairQueue _queue = new();

    public void Dispose() => _model.Dispose();

    TailJob Job(AccessRules.Client client, long deadline = 0, int cut = 1, double costMs = 1, ServedModel? model = null)
    {
        var job = new TailJob(model ?? _model) { Client = client, DeadlineAt = deadline, CostMs = costMs };
        job.Row.Policy = new ExitPolicy([0.5f], cut);
        job.Row.Encoding = TensorEncoding.Float32;
        job.Key = TailBatchKey.Of(_model.Manifest, job.Row.Policy, job.Row.Encoding);
        return job;
    }

    static AccessRules.Client Client(double weight = 1) => new(new IdentityRule { Weight = weight });

    TailJob Take()
    {
        var batch = new List<TailJob>();
        _queue.Take(batch);
        return Assert.Single(batch);
    }

    [Fact]
    public void Take_ModestDeviceBesideGreedyOnes_IsServedInItsTurn()
    {
        AccessRules.Client[] greedy = [Client(), Client(), Client(), Client()];
        AccessRules.Client modest = Client();
        foreach (AccessRules.Client client in greedy)
            for (int i = 0; i < 100; i++) _queue.Add(Job(client));
        int served = 0;
        _queue.Add(Job(modest));
        for (int i = 0; i < 250; i++)
        {
            if (Take().Client != modest) continue;
            served++;
            _queue.Add(Job(modest));
        }
        // A fifth of 250, as one of five.
        Assert.InRange(served, 49, 51);
    }

    [Fact]
    public void Take_ByWeight_SharesComputingAccordingly()
    {
        AccessRules.Client one = Client(1), three = Client(3);
        for (int i = 0; i < 400; i++)
        {
            _queue.Add(Job(one, costMs: 2));
            _queue.Add(Job(three, costMs: 2));
        }
        int served = Enumerable.Range(0, 200).Count(_ => Take().Client == three);
        Assert.InRange(served, 148, 152);
    }

    [Fact]
    public void Take_DearRequests_CountByTheirCost()
    {
        AccessRules.Client cheap = Client(), dear = Client();
        for (int i = 0; i < 1000; i++)
        {
            _queue.Add(Job(cheap, costMs: 1));
            _queue.Add(Job(dear, costMs: 9));
        }
        int served = Enumerable.Range(0, 100).Count(_ => Take().Client == dear);
        Assert.InRange(served, 9, 11);
    }

    [Fact]
    public void Take_WithinADevice_EarliestDeadlineFirst()
    {
        AccessRules.Client client = Client();
        foreach (long deadline in (long[])[5, 1, 4, 2, 3]) _queue.Add(Job(client, deadline));
        Assert.Equal([1, 2, 3, 4, 5], Enumerable.Range(0, 5).Select(_ => Take().DeadlineAt));
    }

    [Fact]
    public void Add_AfterAPause_EarnsNoCredit()
    {
        AccessRules.Client busy = Client(), late = Client();
        for (int i = 0; i < 300; i++) _queue.Add(Job(busy));
        for (int i = 0; i < 100; i++) Take();
        for (int i = 0; i < 100; i++) _queue.Add(Job(late));
        int served = Enumerable.Range(0, 100).Count(_ => Take().Client == late);
        Assert.InRange(served, 49, 51);
    }

    [Fact]
    public void WaitFor_AfterABatchThatLeavesOthers_CountsThem()
    {
        using var model = new ServedModel(new FakeTail { MaxBatch = 8 }, new StagingBudget(1 << 20));
        AccessRules.Client first = Client(), other = Client(), same = Client();
        // So they start in this order.
        (other.Flow.FinishTag, same.Flow.FinishTag) = (1, 2);
        _queue.Add(Job(first, model: model));
        _queue.Add(Job(other, cut: 2, model: model));
        _queue.Add(Job(same, model: model));
        var batch = new List<TailJob>();
        _queue.Take(batch);
        Assert.Equal([first, same], batch.Select(job => job.Client));
        _queue.Add(Job(first, model: model));
        // Two devices wait with a request each: its own, and as much of the other.
        Assert.Equal(2, _queue.WaitFor(other.Flow), 9);
    }

    [Fact]
    public void WaitFor_AfterAChangeOfWeights_CountsOthersByTheOnesTheyCameWith()
    {
        AccessRules.Client one = Client(), two = Client();
        for (int i = 0; i < 2; i++)
        {
            _queue.Add(Job(one));
            _queue.Add(Job(two));
        }
        one.Rule = new IdentityRule { Weight = 5 };
        while (one.Flow.Jobs.Count > 0) Take();
        for (int i = 0; i < 4; i++) _queue.Add(Job(two));
        one.Rule = new IdentityRule();
        _queue.Add(Job(one));
        Assert.Equal(two.Flow.WaitingMs + 1, _queue.WaitFor(two.Flow), 9);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Queue_RandomUse_LosesNothingAndEndsEmpty(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        AccessRules.Client[] clients = [.. Enumerable.Range(0, 7).Select(i => Client(0.5 + i))];
        var waiting = new HashSet<TailJob>();
        for (int step = 0; step < 5000; step++)
        {
            if (random.Next(2) == 0)
            {
                TailJob job = Job(clients[random.Next(clients.Length)], random.Next(), random.Next(3), random.NextDouble() * 10);
                _queue.Add(job);
                Assert.True(waiting.Add(job));
            }
            else if (waiting.Count > 0) Assert.True(waiting.Remove(Take()));
            Assert.Equal(waiting.Count, _queue.Count);
            Assert.Equal(waiting.Sum(job => job.CostMs), _queue.WaitingMs, 6);
        }
        while (waiting.Count > 0) Assert.True(waiting.Remove(Take()));
        Assert.Equal(0, _queue.WaitingMs);
        Assert.Equal(0, _queue.WaitFor(clients[0].Flow));
    }
}
