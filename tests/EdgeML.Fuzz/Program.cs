using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using EdgeML.Fuzz.Targets;
using SharpFuzz;

namespace EdgeML.Fuzz;

/// <summary>Reads damaged inputs and says which break a rule.</summary>
static class Program
{
    const int Found = 1, Usage = 2, CounterBytes = 1 << 16, MostAlike = 24;

    const string Help = """
        usage: EdgeML.Fuzz TARGET|all [--runs N] [--seed S] [--corpus DIR] [--finds DIR]
               EdgeML.Fuzz TARGET --file FILE     reads one input
               EdgeML.Fuzz TARGET --afl           reads what AFL++ gives (nightly.sh)
               EdgeML.Fuzz corpus DIR             makes the inputs that the targets begin with
               EdgeML.Fuzz list                   names the targets
        """;

    public static IReadOnlyList<FuzzTarget> Targets { get; } =
        [HeaderTarget.Target, FrameTarget.Target, ServerTarget.Target, ClientTarget.Target, ConfigurationTarget.Target, PayloadTarget.Target, .. PackageTargets.All, OnnxTarget.Target, GraphEditTarget.Target, .. TextTargets.All];

    static unsafe int Main(string[] args)
    {
        // Instrumented code counts from its first line on, before AFL++ has given memory for it.
        SharpFuzz.Common.Trace.SharedMem = (byte*)NativeMemory.AllocZeroed(CounterBytes);
        try
        {
            return Run(args);
        }
        catch (Exception e) when (e is ArgumentException or InvalidDataException or IOException or FormatException or OverflowException)
        {
            Console.Error.WriteLine($"error: {e.Message}");
            return Usage;
        }
    }

    static int Run(string[] args)
    {
        switch (args)
        {
            case ["list"]:
                foreach (FuzzTarget target in Targets) Console.WriteLine($"{target.Name}\t{target.What}");
                return 0;
            case ["corpus", var folder]:
                Corpus.Make(folder);
                return 0;
            case [var name, "--file", var file]:
                bool read = One(name).Run(File.ReadAllBytes(file));
                Console.WriteLine(read ? "read" : "refused");
                return 0;
            case [var name, "--afl"]:
                Instrumented(One(name));
                return 0;
            case [var name, .. var options] when !name.StartsWith('-'):
                return Smoke(name == "all" ? Targets : [One(name)], options);
            default:
                Console.Error.WriteLine(Help);
                return Usage;
        }
    }

    static FuzzTarget One(string name) => Targets.FirstOrDefault(target => target.Name == name)
        ?? throw new ArgumentException($"there is no target '{name}'; there are {string.Join(", ", Targets.Select(target => target.Name))}");

    static int Smoke(IReadOnlyList<FuzzTarget> targets, string[] options)
    {
        (int? runs, int seed, string corpus, string finds) = (null, 1, Corpus.Shipped, Path.Combine(Path.GetTempPath(), "edgeml-fuzz-finds"));
        for (int i = 0; i < options.Length; i += 2)
        {
            string value = i + 1 < options.Length ? options[i + 1] : throw new ArgumentException($"{options[i]} has no value");
            switch (options[i])
            {
                case "--runs": runs = int.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture); break;
                case "--seed": seed = int.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture); break;
                case "--corpus": corpus = value; break;
                case "--finds": finds = value; break;
                default: throw new ArgumentException($"there is no option {options[i]}");
            }
        }
        Console.WriteLine($"seed {seed}");
        bool found = false;
        foreach (FuzzTarget target in targets) found |= Smoke(target, runs ?? target.Runs, seed, corpus, finds);
        return found ? Found : 0;
    }

    /// <summary>The corpus, then mutations of it.</summary>
    static bool Smoke(FuzzTarget target, int runs, int seed, string corpus, string finds)
    {
        IReadOnlyList<(string Name, byte[] Bytes)> inputs = Corpus.Read(corpus, target);
        var mutator = new Mutator(seed, [.. inputs.Select(input => input.Bytes)], target.MostBytes, target.IsText);
        var messages = new HashSet<string>();
        (int read, int refused) = (0, 0);
        long start = Stopwatch.GetTimestamp();
        for (int i = -inputs.Count; i < runs; i++)
        {
            byte[] input = i < 0 ? inputs[^-i].Bytes : mutator.Next();
            try
            {
                if (target.Run(input)) read++;
                else refused++;
            }
            catch (FindException e)
            {
                // One of a kind is enough: of one place in the code, or of messages that begin alike.
                string place = e.InnerException?.StackTrace?.Split('\n')[0].Trim() ?? "", kind = $"{e.Message} {place}";
                string alike = place.Length > 0 ? place : string.Concat(e.Message.Where(c => !char.IsDigit(c)).Take(MostAlike));
                if (!messages.Add(alike)) continue;
                Directory.CreateDirectory(finds);
                string file = Path.Combine(finds, $"{target.Name}-{seed}-{i}");
                File.WriteAllBytes(file, input);
                Console.WriteLine($"{target.Name}: {kind}\n  {file}");
            }
        }
        // A reader that refuses everything breaks no other rule.
        if (read == 0 && messages.Add("nothing is read")) Console.WriteLine($"{target.Name}: not one of {inputs.Count + runs} inputs is read");
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Console.WriteLine(
            $"{target.Name}: {inputs.Count} inputs, {runs} mutations, {read} read, {refused} refused, {messages.Count} finds, {(inputs.Count + runs) / seconds:0} a second");
        return messages.Count > 0;
    }

    static void Instrumented(FuzzTarget target)
    {
        byte[] buffer = new byte[target.MostBytes];
        Fuzzer.OutOfProcess.Run(stream =>
        {
            int bytes = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            target.Run(buffer.AsMemory(0, bytes));
        });
    }
}
