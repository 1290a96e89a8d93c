using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Simulating;
using EdgeML.Simulation.Replay;
using EdgeML.Training.Data;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml simulate</c>: a controller over recorded samples, a profile and a link, in virtual time.</summary>
sealed class SimulateCommand : CliCommand
{
    readonly SimulateOptions _options = new();

    public SimulateCommand()
        : base("simulate", "Replay a controller over recorded samples, a profile and a link in virtual time.",
            "edgeml simulate --profile profile.csv --exits exits.csv --link square:15,1,tasks=100 --tasks 1000 " +
                "--controller edgeml --energy-j 0.01",
            "edgeml simulate --profile vgg16.csv --device tx2 --exits exits.csv --link paper:s2 --tasks 2500 --seeds 5 " +
                "--controller edgeml --energy-ghz 1.2 --raw-input off",
            "edgeml simulate --profile p.csv --exits e.csv --link trace.csv --rtt-ms 44 --tasks 2000 --seeds 5 " +
                "--controller planner --energy-j 0.5 --json out.json",
            "edgeml simulate --profile p.csv --exits e.csv --link constant:10 --tasks 500 --controller fixed " +
                "--thresholds 0.3,0.3,0.3 --cut 6 --arrivals poisson:8,queue=2",
            "edgeml simulate --profile p.csv --device tx2 --exits e.csv --link paper:s3 --tasks 3000 --controller ddpg --experience-out tx2.trace",
            "edgeml simulate --profile p.csv --device nano --exits e.csv --link paper:s3 --tasks 3000 --controller ddpg --experience-in tx2.trace") =>
        AddOptions([.. _options.All]);

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        SimulateRequest request = _options.Read(parsed);
        ReplayPool pool = Run(request, cancellation);
        SimulateReport.Show(pool, request.Scenario);
        if (request.Timing) SimulateReport.ShowTiming(pool);
        if (request.Json is { } json) JsonFile.Write(json, SimulateJson.Of(pool), SimulateJsonContract.Default.SimulateJson);
        if (request.Series is { } series) OutputFile.WriteText(series, writer => SeriesFile.Write(writer, pool.Results));
        request.Traces?.Record?.Save(request.ExperienceOut!);
        return Task.FromResult(0);
    }

    static ReplayPool Run(SimulateRequest request, CancellationToken cancellation)
    {
        int seeds = request.Seeds;
        var results = new ReplayResult[seeds];
        var done = new int[seeds];
        using var progress = new ProgressLine("tasks", (long)request.Scenario.Tasks * seeds);
        int sum = 0;
        void Advance(int index, int tasks)
        {
            int total = Interlocked.Add(ref sum, tasks - done[index]);
            done[index] = tasks;
            lock (done) progress.Report(Math.Max(1, total));
        }
        try
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
            Parallel.For(0, seeds, options, i =>
                results[i] = ReplayRunner.Run(
                    request.Scenario, request.Controller, request.FirstSeed + i, tasks => Advance(i, tasks), request.Traces, cancellation));
        }
        catch (AggregateException many) when (many.InnerException is { } inner)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(inner).Throw();
        }
        return new ReplayPool(results);
    }
}
