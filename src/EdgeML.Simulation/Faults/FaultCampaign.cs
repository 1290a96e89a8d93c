using EdgeML.Native.Inference.Engines;
using EdgeML.Simulation.Links;

namespace EdgeML.Simulation.Faults;

/// <summary>Devices whose links and tails fail all the time, by a seed: every task must be answered once, by the class that the local network
/// gives.</summary>
static class FaultCampaign
{
    const int Pictures = 64;

    /// <summary>Runs devices until enough faults have struck, then as many tasks over links without faults.</summary>
    /// <param name="model">Loaded, of the package that the tails serve.</param>
    /// <param name="settings">Faults and devices.</param>
    /// <param name="progress">Gets the number of faults so far; from several threads.</param>
    /// <exception cref="TimeoutException">A link did not come back.</exception>
    /// <exception cref="InvalidOperationException">A tail does not start.</exception>
    public static FaultReport Run(BranchedModel model, FaultSettings settings, Action<int> progress)
    {
        using var answers = new LocalAnswers(model, Pictures, settings.Seed);
        var tails = new SpareTails(settings.TailCommand);
        FaultyDevice[] devices = [];
        try
        {
            devices = [.. Enumerable.Range(0, settings.Devices)
                .Select(i => new FaultyDevice(model, answers, tails, settings, HashCode(settings.Seed, i)))];
            int struck = 0;
            OnThreads(devices, (device, i) => device.Suffer(
                ((i + 1) * settings.Faults / devices.Length) - (i * settings.Faults / devices.Length), () => progress(Interlocked.Increment(ref struck))));
            var calm = new FaultTally[devices.Length];
            tails.Settle();
            OnThreads(devices, (device, i) => calm[i] = device.RunCalm(device.Groups));
            tails.Dispose();
            return Report(settings, devices, calm, tails.Deaths);
        }
        finally
        {
            foreach (FaultyDevice device in devices) device.Dispose();
            tails.Dispose();
        }
    }

    static FaultReport Report(FaultSettings settings, FaultyDevice[] devices, FaultTally[] calm, IReadOnlyList<string> deaths)
    {
        var report = new FaultReport
        {
            Settings = settings,
            Contradictions = devices.Sum(device => device.Contradictions),
            BackgroundFaults = [.. devices.SelectMany(device => device.BackgroundFaults)],
            TailDeaths = deaths,
        };
        foreach (FaultyDevice device in devices)
        {
            report.Faulty.Add(device.Tally);
            foreach ((LinkFaultKind kind, int count) in device.Struck) report.Struck[kind] = report.Struck.GetValueOrDefault(kind) + count;
        }
        foreach (FaultTally tally in calm) report.Calm.Add(tally);
        return report;
    }

    /// <summary>The same on every machine, other than <see cref="System.HashCode"/>.</summary>
    static int HashCode(int seed, int device) => unchecked((seed * 7919) + device);

    static void OnThreads(FaultyDevice[] devices, Action<FaultyDevice, int> run)
    {
        Task[] running = [.. devices.Select((device, i) =>
            Task.Factory.StartNew(() => run(device, i), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        Task.WhenAll(running).GetAwaiter().GetResult();
    }
}
