using System.Globalization;
using System.Text.Json;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Running;

namespace EdgeML.Cli.Tests;

public sealed class AnswersTests(ShippedPackage package) : IClassFixture<ShippedPackage>
{
    const string Data = "shapes:seed=7,difficulty=mixed";
    static readonly string[] s_names =
        ["circle", "square", "triangle", "star", "cross", "ring", "hexagon", "crescent", "arrow", "heart"];

    string[] Run(params string[] more) => ["run", "--model", package.Model, "--data", Data, .. more];

    [Theory]
    [InlineData("1")]
    [InlineData("4")]
    public void Answers_Csv_HasEveryInputInOrderWithItsName(string inFlight)
    {
        string file = package[$"answers{inFlight}.csv"], logits = package[$"answers{inFlight}.f32"];
        Outcome outcome = EdgemlProcess.Run(
            Run("--count", "50", "--thresholds", "0.4,0.4,0.4", "--answers", file, "--top", "3", "--in-flight", inFlight, "--logits", logits));
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        string[] lines = File.ReadAllLines(file);
        Assert.Equal(
            "input,class,name,confidence,exit,where,latency_ms,class_1,name_1,confidence_1,class_2,name_2,confidence_2,class_3,name_3,confidence_3",
            lines[0]);
        Assert.Equal(51, lines.Length);
        byte[] bytes = File.ReadAllBytes(logits);
        for (int i = 0; i < 50; i++)
        {
            string[] cells = lines[i + 1].Split(',');
            Assert.Equal(16, cells.Length);
            float[] scores = [.. Enumerable.Range(0, 10).Select(k => BitConverter.ToSingle(bytes, 4 * ((10 * i) + k)))];
            int label = Array.IndexOf(scores, scores.Max());
            double sum = scores.Sum(score => Math.Exp(score - scores.Max()));
            Assert.Equal($"{i}", cells[0]);
            Assert.Equal($"{label}", cells[1]);
            Assert.Equal(s_names[label], cells[2]);
            Assert.Equal(1 / sum, double.Parse(cells[3], CultureInfo.InvariantCulture), 1e-4);
            Assert.InRange(int.Parse(cells[4], CultureInfo.InvariantCulture), 1, 4);
            Assert.Equal("edge", cells[5]);
            Assert.True(double.Parse(cells[6], CultureInfo.InvariantCulture) > 0);
            int[] order = [.. Enumerable.Range(0, 10).OrderByDescending(k => scores[k])];
            for (int k = 0; k < 3; k++)
            {
                Assert.Equal($"{order[k]}", cells[7 + (3 * k)]);
                Assert.Equal(s_names[order[k]], cells[8 + (3 * k)]);
            }
        }
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(file)!, "*.tmp"));
    }

    [Fact]
    public void Run_InputThatIsNotNumbers_IsWarnedOf()
    {
        string data = package["nan.f32"], json = package["nan.json"];
        float[] inputs = new float[3 * 3 * 96 * 96];
        inputs[(3 * 96 * 96) + 7] = float.NaN;
        File.WriteAllBytes(data, System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(inputs).ToArray());
        Outcome outcome = EdgemlProcess.Run("run", "--model", package.Model, "--data", $"tensor:{data}", "--json", json);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Contains("1 of 3 answers mean nothing: their scores are not numbers", outcome.Error);
        using JsonDocument summary = JsonDocument.Parse(File.ReadAllText(json));
        Assert.Contains(summary.RootElement.GetProperty("warnings").EnumerateArray(), w => w.GetString()!.Contains("1 of 3 answers"));
    }

    [Theory]
    [InlineData("answers.jsonl", null)]
    [InlineData("answers.txt", "jsonl")]
    public void Answers_JsonLines_AreObjects(string name, string? format)
    {
        string[] asked = format is null ? [] : ["--answers-format", format];
        Outcome outcome = EdgemlProcess.Run(Run(["--count", "5", "--answers", package[name], "--top", "2", .. asked]));
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        string[] lines = File.ReadAllLines(package[name]);
        Assert.Equal(5, lines.Length);
        for (int i = 0; i < lines.Length; i++)
        {
            using JsonDocument json = JsonDocument.Parse(lines[i]);
            JsonElement root = json.RootElement;
            Assert.Equal(
                ["input", "class", "name", "confidence", "exit", "where", "latencyMs", "top"],
                root.EnumerateObject().Select(property => property.Name));
            Assert.Equal($"{i}", root.GetProperty("input").GetString());
            Assert.Equal(s_names[root.GetProperty("class").GetInt32()], root.GetProperty("name").GetString());
            Assert.Equal(2, root.GetProperty("top").GetArrayLength());
            Assert.Equal(root.GetProperty("class").GetInt32(), root.GetProperty("top")[0].GetProperty("class").GetInt32());
        }
    }

    [Fact]
    public void Answers_ToStandardOutput_LeaveTextForPeopleToStderr()
    {
        Outcome outcome = EdgemlProcess.Run(Run("--count", "5", "--answers", "-"));
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        string[] lines = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(6, lines.Length);
        Assert.All(lines, line => Assert.Equal(7, line.Split(',').Length));
        Assert.Contains("accuracy", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Answers_ReaderClosesThePipe_TheRunEndsQuietly()
    {
        Outcome outcome = EdgemlProcess.RunInShell(
            "{ \"$@\"; echo $? >&2; } | head -n 3", Run("--count", "1000000", "--answers", "-"));
        Assert.Equal(3, outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal("0", outcome.ErrorLines[^1]);
        Assert.DoesNotContain("edgeml:", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--answers")]
    [InlineData("--json")]
    public void StandardOutput_DiskIsFull_IsAnError(string option)
    {
        const string full = "/dev/full";
        if (!File.Exists(full)) return; // another system than Linux
        Outcome outcome = EdgemlProcess.RunInShell($"exec \"$@\" > {full}", Run("--count", "3", option, "-"));
        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Contains("edgeml: ", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run", "--count", "3")]
    [InlineData("inspect")]
    [InlineData("doctor")]
    public void Json_ToStandardOutput_IsOneObjectAlone(string command, params string[] more)
    {
        string[] arguments = command switch
        {
            "run" => Run([.. more, "--json", "-"]),
            "inspect" => ["inspect", package.Model, "--json", "-"],
            _ => [command, "--json", "-"],
        };
        Outcome outcome = EdgemlProcess.Run(arguments);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        using JsonDocument json = JsonDocument.Parse(outcome.Output);
        Assert.Equal(JsonValueKind.Object, json.RootElement.ValueKind);
        Assert.NotEqual("", outcome.Error);
    }

    [Theory]
    [InlineData("--answers - --json -", "both '-'")]
    [InlineData("--top 3", "--top goes with --answers")]
    [InlineData("--answers-format csv", "--answers-format goes with --answers")]
    [InlineData("--answers a.csv --top 11", "10 classes")]
    [InlineData("--answers a.csv --top 0", "at least 1")]
    [InlineData("--answers /no/such/folder/a.csv", "/no/such/folder")]
    [InlineData("--answers a.csv --answers-format xml", "not one of csv, jsonl")]
    [InlineData("--logits -", "--logits is '-'")]
    [InlineData("--require-tail", "--require-tail goes with --tail")]
    [InlineData("--in-flight 100000", "100000")]
    [InlineData("--threads 100000", "100000")]
    [InlineData("--threads 0", "--threads is '0'")]
    [InlineData("--tail here:0", "--tail is 'here:0'")]
    [InlineData("--tail here:65536", "--tail is 'here:65536'")]
    [InlineData("--latency-ms NaN", "NaN")]
    [InlineData("--latency-ms Infinity", "Infinity")]
    [InlineData("--energy-j -1", "-1")]
    [InlineData("--deadline-ms 0", "--deadline-ms is '0'")]
    [InlineData("--deadline-ms NaN", "NaN")]
    [InlineData("--count 0", "--count is '0'")]
    [InlineData("--count 2000000000 --logits x.f32", "2000000000")]
    [InlineData("--thresholds 0.1,0.2", "2 thresholds")]
    [InlineData("--thresholds 0.1,2,0.3", "'2'")]
    [InlineData("--thresholds NaN,0,0", "'NaN'")]
    [InlineData("--codec fp8", "fp8")]
    [InlineData("--controller clever", "clever")]
    public void Run_ImpossibleOption_IsOneLineAndExitCode2(string options, string part)
    {
        Outcome outcome = EdgemlProcess.Run(Run(options.Split(' ')));
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(part, Assert.Single(outcome.ErrorLines), StringComparison.Ordinal);
        Assert.Equal("", outcome.Output);
        Assert.False(File.Exists(Path.Combine(EdgemlProcess.RepositoryRoot, "a.csv")));
    }

    [Fact]
    public void Run_BoundsWithoutAController_Warn()
    {
        Outcome outcome = EdgemlProcess.Run(Run("--count", "3", "--latency-ms", "20"));
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Contains("bounds without a controller", Assert.Single(outcome.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void Interrupted_LeavesNothingHalfWritten()
    {
        string folder = Directory.CreateDirectory(package["interrupted"]).FullName;
        using ChildProcess run = EdgemlProcess.Start(
            Run("--count", "5000000", "--answers", Path.Combine(folder, "answers.csv"), "--json", Path.Combine(folder, "run.json")));
        Assert.True(SpinWait.SpinUntil(() => Directory.GetFiles(folder).Any(file => new FileInfo(file).Length > 0), TimeSpan.FromSeconds(60)));
        run.Send(Signals.Interrupt);
        Assert.Equal(130, run.WaitForEnd(TimeSpan.FromSeconds(60)).ExitCode);
        Assert.Empty(Directory.GetFiles(folder));
    }

    [Fact]
    public void Prepare_ClassesFile_NamesSurviveIntoTheAnswers()
    {
        string[] names = [.. Enumerable.Range(0, 10).Select(i => $"kind {i}, \"quoted\"")];
        File.WriteAllLines(package["classes.txt"], names);
        string onnx = Path.Combine(EdgemlProcess.RepositoryRoot, "models", "shapes-vgg.onnx");
        Outcome prepared = EdgemlProcess.Run("prepare", onnx, "--out", package["named"], "--classes", package["classes.txt"]);
        Assert.True(prepared.ExitCode == 0, prepared.Error);
        Outcome outcome = EdgemlProcess.Run(
            "run", "--model", package["named"], "--data", Data, "--count", "2", "--answers", "-");
        string line = outcome.Output.Split('\n')[1];
        string label = line.Split(',')[1];
        Assert.StartsWith($"0,{label},\"kind {label}, \"\"quoted\"\"\",", line, StringComparison.Ordinal);
        File.WriteAllLines(package["few.txt"], names[..9]);
        Outcome few = EdgemlProcess.Run("prepare", onnx, "--out", package["few"], "--classes", package["few.txt"]);
        Assert.Equal(2, few.ExitCode);
        string error = Assert.Single(few.ErrorLines);
        Assert.Contains("9 class names", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(package["few"]));
    }

    [Fact]
    public void TopClasses_OfLogits_AreInOrder()
    {
        RankedClass[] top = TopClasses.Of([1f, 3f, 3f, -2f, 2f], 3);
        Assert.Equal([1, 2, 4], top.Select(each => each.Class));
        double sum = Math.Exp(-2) + 1 + 1 + Math.Exp(-5) + Math.Exp(-1);
        Assert.Equal(1 / sum, top[0].Probability, 1e-6);
        Assert.Equal(5, TopClasses.Of([1f, 3f, 3f, -2f, 2f], 9).Length);
    }
}
