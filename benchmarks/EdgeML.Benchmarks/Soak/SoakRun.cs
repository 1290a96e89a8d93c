using System.Diagnostics;
using System.Globalization;
using EdgeML.Benchmarks.Subjects;
using EdgeML.Benchmarks.Targets;
using EdgeML.Native.Preparation;
using EdgeML.Native.Telemetry;
using EdgeML.Simulation.Faults;
using EdgeML.Simulation.Processes;
using EdgeML.Simulation.Reports;

namespace EdgeML.Benchmarks.Soak;

/// <summary>Devices that use <c>edgeml serve</c> over TLS for a long time, with a change of certificates and a rollout in the middle.</summary>
static class SoakRun
{
    const int DefaultMinutes = 30, DefaultRate = 200, DefaultDevices = 8, SampleSeconds = 5;

    /// <summary>Of the run.</summary>
    const double WarmUpEnds = 0.2, CertificateChange = 0.45, RolloutBegins = 0.5, RolloutSettled = 0.65;

    /// <returns>0 when no task is lost or wrong and nothing grows, 1 otherwise.</returns>
    /// <exception cref="ArgumentException">Not on Linux.</exception>
    public static int Run(Options options)
    {
        if (!OperatingSystem.IsLinux()) throw new ArgumentException("--soak reads /proc and sends signals, so it needs Linux");
        TimeSpan length = TimeSpan.FromMinutes(options.Number ?? DefaultMinutes);
        (int count, int rate) = (options.Devices ?? DefaultDevices, options.Rate ?? DefaultRate);
        Console.Write(MachineResults.Versions());
        using var models = new BenchmarkModels(options);
        using var certificates = new BenchmarkCertificates();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("edgeml-soak-");
        try
        {
            string plain = Path.Combine(MachineResults.SourceTree(), "models", "plain", "plain-residual.onnx");
            ModelPreparation.Prepare(plain, Path.Combine(folder.FullName, "residual"));
            SoakModel.PrepareVersion(models.ShippedFile, 2, Path.Combine(folder.FullName, "shapes-2"));
            using var first = new SoakModel("shapes-vgg", models.Shipped);
            using var second = new SoakModel("shapes-vgg", Path.Combine(folder.FullName, "shapes-2"));
            using var other = new SoakModel("residual", Path.Combine(folder.FullName, "residual"));
            return Run(new Plan(options.Executable is { } named ? [named] : ChildProcess.ProgramHere("edgeml"), length, count, rate, first, second, other), certificates, folder.FullName);
        }
        catch (InvalidOperationException error)
        {
            // The server does not start, ends, or does not serve a version.
            Console.Error.WriteLine($"edgeml-benchmarks: {error.Message}");
            return 1;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    static int Run(Plan plan, BenchmarkCertificates certificates, string folder)
    {
        using var server = new ServeProcess(plan.Program, folder, certificates, [plan.First, plan.Other]);
        var devices = new List<SoakDevice>();
        var total = new FaultTally();
        SoakSeries[] series = [new("serve", server.Id), new("devices", Environment.ProcessId)];
        Outcome ended;
        try
        {
            for (int i = 0; i < plan.Devices; i++)
                devices.Add(new SoakDevice(plan.ModelOf(i), server.Port, certificates.Device($"device-{i}"), (double)plan.Rate / plan.Devices, i + 1));
            Console.WriteLine($"\n{plan.Devices} devices over TLS, {plan.Rate} tasks per second in all, {plan.Length.TotalMinutes:0} minutes\n");
            Console.WriteLine("| minute | tasks | by the tail | instead of the tail | p50 ms | p99 ms | serve MB | handles | devices MB | handles | |\n|---:|---:|---:|---|---:|---:|---:|---:|---:|---:|---|");
            Follow(plan, server, devices, certificates, series, total);
        }
        finally
        {
            // The rest of the last minute.
            foreach (SoakDevice device in devices) device.Dispose();
            foreach (SoakDevice device in devices) total.AddCounts(device.Take());
        }
        ended = server.Terminate();
        return Report(plan, total, series, ended);
    }

    static void Follow(
        Plan plan, ServeProcess server, List<SoakDevice> devices, BenchmarkCertificates certificates, SoakSeries[] series, FaultTally total)
    {
        long start = Stopwatch.GetTimestamp();
        var changes = new Queue<(double At, string What, Action Do)>(
        [
            (CertificateChange, "new certificates", () => Renew(certificates, plan.Devices)),
            (RolloutBegins, "version 2 beside version 1", () => server.Change([plan.First, plan.Second, plan.Other])),
            .. Enumerable.Range(0, plan.Devices).Where(i => plan.ModelOf(i) == plan.First).Select(i =>
                (RolloutBegins + (0.1 * (i + 1) / plan.Devices), $"device {i} moves", (Action)(() => devices[i].MoveTo(plan.Second)))),
            (RolloutBegins + 0.11, "version 1 goes", () => server.Change([plan.Second, plan.Other])),
        ]);
        var said = new List<string>();
        for (int minute = 1; minute <= plan.Length.TotalMinutes; minute++)
        {
            while (Stopwatch.GetElapsedTime(start) is var now && now < TimeSpan.FromMinutes(minute))
            {
                while (changes.TryPeek(out var change) && now >= change.At * plan.Length)
                {
                    changes.Dequeue().Do();
                    said.Add(change.What);
                }
                foreach (SoakSeries each in series) each.Sample(now);
                if (server.HasExited) throw new InvalidOperationException($"edgeml serve ended: {server.Terminate().Complaint}");
                Thread.Sleep(TimeSpan.FromSeconds(SampleSeconds));
            }
            Show(minute, devices, series, said, total);
            // The devices' memory is to be what they hold, without what is merely not collected yet. The server is left alone.
            GC.Collect();
        }
    }

    static void Show(int minute, List<SoakDevice> devices, SoakSeries[] series, List<string> said, FaultTally total)
    {
        var tally = new FaultTally();
        for (int i = 0; i < devices.Count; i++)
        {
            FaultTally own = devices[i].Take();
            // Local answers alone are no proof of the server.
            if (own.Offloaded == 0) own.Complain($"device {i} got no answer of the server in minute {minute}");
            tally.Add(own);
        }
        double[] at = tally.Quantiles(0.5, 0.99);
        string reasons = string.Join(", ", tally.Reasons.Select(reason => $"{reason.Key} {reason.Value}"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {minute} | {tally.Answered} | {tally.Offloaded} | {reasons} | {at[0]:0.00} | {at[1]:0.00} | {series[0].Last.Megabytes:0.0} | {series[0].Last.Handles} | {series[1].Last.Megabytes:0.0} | {series[1].Last.Handles} | {string.Join(", ", said)} |"));
        foreach (string complaint in tally.Complaints) Console.WriteLine($"WRONG: {complaint}");
        said.Clear();
        total.AddCounts(tally);
    }

    static void Renew(BenchmarkCertificates certificates, int devices)
    {
        certificates.IssueTail();
        for (int i = 0; i < devices; i++) certificates.Device($"device-{i}");
    }

    static int Report(Plan plan, FaultTally total, SoakSeries[] series, Outcome ended)
    {
        var faults = new List<string>();
        long lost = total.Begun - total.Answered;
        Console.WriteLine($"\n{total.Begun} tasks, {lost} lost, {total.Wrong} wrong; {total.Offloaded} by the tail, {total.Reasons.Values.Sum()} by the device instead\n");
        if (lost > 0) faults.Add($"{lost} tasks were lost");
        if (total.Wrong > 0) faults.Add($"{total.Wrong} answers are wrong or missing");
        if (ended.ExitCode != 0) faults.Add($"edgeml serve ended with exit code {ended.ExitCode}");
        Console.WriteLine($"Slopes per hour with their 95 % intervals, between {100 * WarmUpEnds:0} % and {100 * CertificateChange:0} % of the run and from {100 * RolloutSettled:0} % on. "
            + $"It grows where the interval lies above 0 and the growth over that time is more than {100 * Trend.NoGrowth:0} %. A step from the one part to the other, "
            + "by the rollout and the new certificates, is shown and not judged: one change cannot tell what stays for good from what the next one would use again. "
            + "Garbage of the devices' process is collected every minute.\n\n| | before | after | step | per hour | |\n|---|---:|---:|---:|---:|---|");
        foreach (SoakSeries each in series)
        {
            foreach ((string line, bool isGrowing) in each.Judge(
                (WarmUpEnds * plan.Length, CertificateChange * plan.Length), (RolloutSettled * plan.Length, plan.Length)))
            {
                Console.WriteLine(line);
                if (isGrowing) faults.Add(line.Trim('|', ' '));
            }
        }
        foreach (string fault in faults) Console.WriteLine($"\nFAULT: {fault}");
        if (faults.Count > 0 && ended.Error.Length > 0) Console.WriteLine($"\nLast words of edgeml serve:\n{string.Join('\n', ended.ErrorLines.TakeLast(20))}");
        return faults.Count == 0 ? 0 : 1;
    }

    /// <summary>Length and load of the run, and its models.</summary>
    sealed record Plan(IReadOnlyList<string> Program, TimeSpan Length, int Devices, int Rate, SoakModel First, SoakModel Second, SoakModel Other)
    {
        /// <summary>At first; three of eight devices use the other model.</summary>
        public SoakModel ModelOf(int device) => device % 8 is 2 or 5 or 7 ? Other : First;
    }
}
