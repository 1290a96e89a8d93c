using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;
using EdgeML.Training.Data;

namespace EdgeML.Cli.Tests.Samples;

/// <summary>The programs of <c>samples/</c>, run as their READMEs say.</summary>
public sealed partial class SampleTests(ShippedPackage package) : IClassFixture<ShippedPackage>
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    /// <summary>Every frame of this seed is answered right by the exit that answers it.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("100")]
    public void CameraLoop_RecordedFrames_AnswersTheNewestAndCountsTheOthers(string? framesPerSecond)
    {
        const int count = 60;
        SkipWithoutOpenCv();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("edgeml-frames-");
        try
        {
            string[] shown = RecordedFrames.Write(folder.FullName, count, seed: 4, size: 192);
            string[] arguments = [package.Model, Path.Combine(folder.FullName, "%03d.png")];
            Outcome outcome = SampleProcess.Run("CameraLoop", framesPerSecond is null ? arguments : [.. arguments, framesPerSecond]);
            Assert.True(outcome.ExitCode == 0, outcome.Error);

            Match[] answers = [.. AnswerLine().Matches(outcome.Output).Cast<Match>()];
            int[] frames = [.. answers.Select(answer => int.Parse(answer.Groups["frame"].ValueSpan))];
            Assert.Equal(frames.Select(frame => shown[frame]), answers.Select(answer => answer.Groups["name"].Value));
            Assert.Equal(frames.Order().Distinct(), frames);
            Assert.Equal(count - 1, frames[^1]);
            int dropped = count - frames.Length;
            Assert.EndsWith($"\n{count} frames, {frames.Length} answered, {dropped} dropped\n", outcome.Output);
            // Without a pace the frames that are read while the first answer is compiled are many.
            if (framesPerSecond is null) Assert.True(dropped > 0, outcome.Output);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void OwnController_LiveAndSimulated_DecidesInBoth()
    {
        Outcome outcome = SampleProcess.Run("OwnController", package.Model);
        Assert.True(outcome.ExitCode == 0, outcome.Error);

        Match live = RunLine().Match(outcome.Output), simulated = live.NextMatch();
        Assert.Equal(("live", "simulated"), (live.Groups["run"].Value, simulated.Groups["run"].Value));
        foreach (Match run in (Match[])[live, simulated])
        {
            Assert.InRange(int.Parse(run.Groups["sent"].ValueSpan), 1, 300);
            Assert.InRange(int.Parse(run.Groups["decisions"].ValueSpan), 300 / 5, 300);
            Assert.StartsWith("at task 0: first plan: cut ", run.Groups["first"].Value);
        }
        // 20 Mbps carry the input in time, 2 Mbps do not.
        string moves = outcome.Output[simulated.Index..];
        Assert.Matches(@"at task 0: [\w ]+: cut 0, ", moves);
        Assert.Matches(@"at task 1\d\d: link changed to 2\.0 Mbps: cut (?!0,)", moves);
        Assert.Matches(@"at task 2\d\d: link changed to 20\.0 Mbps: cut 0, ", moves);
        Assert.Contains("\nlink-rule, seed 1: satisfied ", outcome.Output);
    }

    [Fact]
    public void HostedTail_ARequestThenSigterm_AnswersAndStopsInOrder()
    {
        using ChildProcess tail = SampleProcess.Start("HostedTail", "--model", package.Model, "--listen", "127.0.0.1:0");
        var log = new StringBuilder();
        IPEndPoint address = IPEndPoint.Parse(Read(tail, log, ServingLine()).Groups["address"].Value);

        using var model = BranchedModel.Load(package.Model);
        using var session = new EdgeSession(model, new EdgeSessionOptions
        {
            Tail = new TailClientOptions { Host = $"{address.Address}", Port = address.Port },
            RequireTail = true,
            Policy = new ExitPolicy(new float[model.Manifest.SideExits], 0),
            DeadlineMs = s_patience.TotalMilliseconds,
        });
        using ImageSource shapes = DataSpec.Parse("shapes:seed=4,difficulty=easy").Open(model.Manifest, 1);
        byte[] picture = new byte[shapes.Elements];
        int label = shapes.Read(0, picture);
        TaskResult answer = session.Run(picture);
        Assert.Equal((true, label), (answer.Offloaded, answer.Class));

        tail.Send(Signals.Terminate);
        Outcome outcome = tail.WaitForEnd(s_patience);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Matches($@"(?s)tail connected to 127\.0\.0\.1:\d+.*stopping with 1 connections.*tail disconnected from .*stopped", $"{log}{outcome.Output}");
    }

    /// <summary>The sample's OpenCV is built for one system, and linked with libraries of its desktop.</summary>
    static void SkipWithoutOpenCv()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64,
            "the camera sample's OpenCV is for linux-x64");
        foreach (string library in (string[])["libgtk-3.so.0", "libdrm.so.2", "libatomic.so.1"])
            Assert.SkipUnless(NativeLibrary.TryLoad(library, out nint _),
                $"the camera sample's OpenCV needs {library} (Debian: apt-get install libgtk-3-0 libdrm2 libatomic1)");
    }

    static Match Read(ChildProcess process, StringBuilder log, Regex awaited)
    {
        while (process.ReadLine(s_patience) is { } line)
        {
            log.AppendLine(line);
            if (awaited.Match(line) is { Success: true } match) return match;
        }
        throw new InvalidOperationException($"it ended without '{awaited}': {log} {process.Stop().Error}");
    }

    [GeneratedRegex(@"^frame (?<frame>\d+): (?<name>\w+) by exit [1-4] in [\d.]+ ms$", RegexOptions.Multiline)]
    private static partial Regex AnswerLine();

    [GeneratedRegex(@"^(?<run>\w+): 300 tasks, (?<sent>\d+) by the tail, (?<decisions>\d+) decisions; the cut moves\n  (?<first>.*)$", RegexOptions.Multiline)]
    private static partial Regex RunLine();

    [GeneratedRegex(@"serving shapes-vgg on (?<address>\S+)$")]
    private static partial Regex ServingLine();
}
