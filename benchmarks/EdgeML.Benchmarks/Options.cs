using System.Globalization;
using EdgeML.Benchmarks.Targets;
using EdgeML.Cli.CommandLine;

namespace EdgeML.Benchmarks;

/// <summary>The words after the mode on the command line.</summary>
sealed record Options
{
    public const string ModelVariable = "EDGEML_BENCHMARK_MODEL";

    public static readonly string Help = $"""
        edgeml-benchmarks --check [--model F.onnx]
            Is every benchmarked part right, and inside its allocation budget (benchmarks/budgets.json)? Less than a minute; no time is
            judged. Exit code 1 when a budget is broken.
        edgeml-benchmarks --targets [--only NAME,...] [--write] [--model F.onnx] [--vgg16 F.onnx]
            The numbers the project holds itself to: measured, target, and whether it holds. --write leaves targets.md and Versions.txt in
            benchmarks/results/<processor>/. Exit code 1 when a target is missed.
            Names: {string.Join(", ", TargetsRun.Names)}
        edgeml-benchmarks --processes [--runs N] [--executable edgeml] [--beside edgeml.dll] [--write] [--model F.onnx]
            Whole processes, edgeml compiled ahead of time beside dotnet edgeml.dll in turns: time to the first answer of a tail and its
            memory, inspect, run. Publishes the executable unless it is named; --beside names the assembly of another build, for instance of the
            commit that the targets were set at. --write leaves processes.md. Exit code 1 when a target is missed.
        edgeml-benchmarks --tail [--quick] [--write] [--model F.onnx] [--vgg16 F.onnx]
            A tail in its own process under many devices, beside the same layers served by gRPC, in ten minutes: throughput, latency and CPU
            by their number, fairness, 10,000 idle devices, batching. Needs as many file descriptors (ulimit -n). --write leaves
            docs/results/tail.md, --quick measures once and shortly. Exit code 1 when a target is missed.
        edgeml-benchmarks --faults [N] [--seed S] [--devices D] [--tls] [--model F.onnx]
            N link faults (10,000) on D devices (4), by seed: connections that are reset, stall, end, lose or change bytes; tails that are
            killed and stopped. Every answer is compared with the local network's. Prints latencies beside a run without faults. Exit
            code 1 when an answer is wrong or missing.
        edgeml-benchmarks --soak [MINUTES] [--rate R] [--devices D] [--executable edgeml] [--model F.onnx]
            D devices (8) that use two models of edgeml serve over TLS, R tasks a second in all (200), for some minutes (30), with new
            certificates and a rollout in the middle. Prints latencies, memory and handles by the minute, and slopes. Exit code 1 when
            a task is lost or wrong, or when something grows.
        edgeml-benchmarks --tls [--model F.onnx]
            Mutual TLS 1.3 beside plain TCP, in a minute: an offload of 8 KB, full handshakes per second, memory of an idle connection. Exit
            code 1 when a target is missed.
        edgeml-benchmarks --int8 [--write] [--model F.onnx] [--vgg16 F.onnx]
            Networks after edgeml quantize, in five minutes: accuracy and time beside float32, time beside plain ONNX Runtime on the same
            file, whole and divided at every cut, and answers at every cut. --write leaves docs/results/int8.md. Exit code 1 when a target is
            missed.
        edgeml-benchmarks --filter '*Decision*' [any option of BenchmarkDotNet]
            Single parts under BenchmarkDotNet; --list flat names them.

        --model   the shipped network; by default models/shapes-vgg.onnx, or what {ModelVariable} names
        --vgg16   a large network; by default shared/models/vgg16-cifar10-branched.onnx beside the checkout, without it its rows are skipped
        """;

    public string? Model { get; private init; } =
        Environment.GetEnvironmentVariable(ModelVariable) is { Length: > 0 } chosen ? chosen : null;

    public string? Vgg16 { get; private init; }

    public IReadOnlyList<string> Only { get; private init; } = [];

    public bool Write { get; private init; }

    public string? Executable { get; private init; }

    public string? Beside { get; private init; }

    public int Runs { get; private init; } = 21;

    /// <summary>The number that follows a mode; null for its default.</summary>
    public int? Number { get; private init; }

    public int Seed { get; private init; } = 1;

    public int? Devices { get; private init; }

    public int? Rate { get; private init; }

    public bool Quick { get; private init; }

    public bool Tls { get; private init; }

    /// <exception cref="ArgumentException">An option that does not exist, or one without its value.</exception>
    public static Options Parse(ReadOnlySpan<string> args)
    {
        var options = new Options();
        for (int i = 0; i < args.Length; i++)
        {
            options = args[i] switch
            {
                "--write" => options with { Write = true },
                "--executable" => options with { Executable = Value(args, ref i) },
                "--beside" => options with { Beside = Value(args, ref i) },
                "--runs" => options with { Runs = Count(args, ref i) },
                "--seed" => options with { Seed = Count(args, ref i) },
                "--rate" => options with { Rate = Count(args, ref i) },
                "--devices" => options with { Devices = Count(args, ref i) },
                "--quick" => options with { Quick = true },
                "--tls" => options with { Tls = true },
                "--model" => options with { Model = Value(args, ref i) },
                "--vgg16" => options with { Vgg16 = Value(args, ref i) },
                "--only" => options with { Only = Value(args, ref i).Split(',', StringSplitOptions.RemoveEmptyEntries) },
                _ when i == 0 && int.TryParse(args[i], NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0 =>
                    options with { Number = number },
                _ => throw new ArgumentException($"unknown option '{args[i]}'; --help shows what there is"),
            };
        }
        return options;
    }

    static int Count(ReadOnlySpan<string> args, ref int i) =>
        int.TryParse(Value(args, ref i), NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0 ? count
            : throw new ArgumentException($"option {args[i - 1]} needs a number above 0, not '{args[i]}'");

    static string Value(ReadOnlySpan<string> args, ref int i) =>
        i + 1 < args.Length ? args[++i] : throw new ArgumentException($"option {args[i]} needs a value");
}
