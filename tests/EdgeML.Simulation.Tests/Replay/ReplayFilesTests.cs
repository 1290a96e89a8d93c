using EdgeML.Native.Models.Manifest;
using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Tests.Replay;

public class ReplayFilesTests
{
    const string Header = "kind,index,name,after_unit,mmac,out_bytes_fp32,edge_ms_a,cloud_ms\n";
    const string Input = "input,0,image,,0,4000,0,0\n";
    const string Units = "unit,1,u1,,1,400,1,0.1\nunit,2,u2,,1,40,1,0.1\n";

    [Fact]
    public void Profile_WellFormed_MakesTheNetwork()
    {
        ReplayProfile profile = TinyReplay.Network;
        Assert.Equal("tiny", profile.Manifest.Name);
        Assert.Equal(10, profile.Manifest.Classes);
        Assert.Equal([1000L, 4000, 0], profile.Manifest.Cuts.Select(cut => cut.Bytes));
        Assert.Equal([1_000_000L, 2_500_000], profile.Manifest.Units.Select(unit => unit.Macs));
        Assert.Equal([1, 2], profile.Manifest.Exits.Select(exit => exit.AfterUnit));
        Assert.Equal([20, 30], profile.Edge.UnitMs);
        Assert.Equal([5], profile.Edge.HeadMs);
        Assert.Equal([2, 3], profile.Tail.UnitMs);
        Assert.Equal([2, 3], ProfileFile.Parse(new StringReader(TinyReplay.Profile), "tiny.csv", "fast").Edge.UnitMs);
    }

    [Fact]
    public void Profile_WrittenAndRead_IsTheSame()
    {
        ReplayProfile profile = TinyReplay.Network;
        using var writer = new StringWriter();
        ProfileFile.Write(writer, profile.Manifest, profile.Edge, profile.Tail);
        ReplayProfile read = ProfileFile.Parse(new StringReader(writer.ToString()), "tiny.csv", null);
        Assert.Equal("slow", read.Edge.Device);
        Assert.Equal(profile.Edge.UnitMs, read.Edge.UnitMs);
        Assert.Equal(profile.Edge.HeadMs, read.Edge.HeadMs);
        Assert.Equal(profile.Tail.UnitMs, read.Tail.UnitMs);
        Assert.Equal(profile.Manifest.Cuts, read.Manifest.Cuts);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("kind,index\n", "no column name")]
    [InlineData("kind,kind\n", "two columns 'kind'")]
    [InlineData("kind,index,name,after_unit,mmac,out_bytes_fp32,cloud_ms\n", "no device 'a', only none")]
    [InlineData("kind,index,name,after_unit,mmac,out_bytes_fp32,edge_ms_b,cloud_ms\n", "no device 'a', only b")]
    [InlineData("kind,index,name,after_unit,mmac,out_bytes_fp32,edge_ms_a\n", "no column cloud_ms")]
    [InlineData(Header, "has no units")]
    [InlineData(Header + Input, "has no units")]
    [InlineData(Header + Units, "line 2 is a unit, before the input")]
    [InlineData(Header + Input + Input, "line 3 is a second input")]
    [InlineData(Header + Input + "unit,2,u2,,1,40,1,0.1\n", "line 3 is unit 2, unit 1 is missing")]
    [InlineData(Header + Input + "unit,1,u1,,1,400,1,0.1\nunit,3,u3,,1,40,1,0.1\n", "line 4 is unit 3, unit 2 is missing")]
    [InlineData(Header + Input + "unit,2,u2,,1,40,1,0.1\nunit,1,u1,,1,40,1,0.1\n", "unit 1 is missing")]
    [InlineData(Header + Input + "unit,1,u1,,1,400,NaN,0.1\n", "line 3 says NaN in column edge_ms_a")]
    [InlineData(Header + Input + "unit,1,u1,,1,400,-1,0.1\n", "line 3 says -1 in column edge_ms_a")]
    [InlineData(Header + Input + "unit,1,u1,,1,400,1,Infinity\n", "column cloud_ms")]
    [InlineData(Header + Input + "unit,1,u1,,1,400,,0.1\n", "line 3 says '' in column edge_ms_a, not a number")]
    [InlineData(Header + Input + "unit,1,u1,,x,400,1,0.1\n", "line 3 says 'x' in column mmac")]
    [InlineData(Header + Input + "unit,1,u1,,1,401,1,0.1\n", "401 bytes, not whole floats")]
    [InlineData(Header + Input + "unit,1,u1,,1,400,1\n", "line 3 has 7 fields, the header has 8")]
    [InlineData(Header + Input + "layer,1,u1,,1,400,1,0.1\n", "line 3 is a 'layer'")]
    [InlineData(Header + Input + "unit,1,u1,2,1,400,1,0.1\n", "after_unit 2")]
    [InlineData(Header + Input + "unit,1,u1,,1,4,1,0.1\n", "1 class")]
    [InlineData(Header + Input + Units + "head,1,h1,2,1,40,1,0.1\n", "line 5 says 2 in column after_unit, not within 1..1")]
    [InlineData(Header + Input + Units + "head,2,h2,1,1,40,1,0.1\n", "line 5 is head 2, head 1 is missing")]
    [InlineData(Header + Input + Units + "head,1,h1,1,1,44,1,0.1\n", "44 bytes, the last unit 40")]
    [InlineData(Header + Input + Units + "head,1,h1,1,1,40,1,0.1\nunit,3,u3,,1,40,1,0.1\n", "line 6 is a unit, after head 1")]
    [InlineData(Header + Input + "\n" + Units, "line 3 has 1 fields")]
    public void Profile_Malformed_OneLineWithTheNumbers(string text, string expected)
    {
        var error = Assert.Throws<InvalidDataException>(() => ProfileFile.Parse(new StringReader(text), "bad.csv", "a"));
        Assert.Contains(expected, error.Message);
        Assert.Contains("bad.csv", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Profile_SeveralDevicesAndNoneChosen_Refused() =>
        Assert.Contains("slow, fast",
            Assert.Throws<ArgumentException>(() => ProfileFile.Parse(new StringReader(TinyReplay.Profile), "tiny.csv", null)).Message);

    [Fact]
    public void Exits_WellFormed_JudgedByLabelsOrByTheFinalExit()
    {
        ExitCalibration samples = TinyReplay.Samples;
        Assert.True(samples.Labelled);
        Assert.Equal(2, samples.Samples);
        Assert.False(samples.IsCorrect(1, 1));
        Assert.Equal(0.9f, samples.Entropy(1, 1));
        ExitCalibration unlabelled = ExitsFile.Parse(
            new StringReader(TinyReplay.Exits.Replace("1,4,2", "1,-1,2", StringComparison.Ordinal)), "e.csv");
        Assert.False(unlabelled.Labelled);
        Assert.True(unlabelled.IsCorrect(1, 2));
        Assert.False(unlabelled.IsCorrect(1, 1));
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("index,label\n0,1\n", "has columns index,label")]
    [InlineData("index,label,pred1\n", "has columns")]
    [InlineData("index,label,pred1,entropy2\n", "has columns")]
    [InlineData("index,label,pred1,entropy1\n", "has no samples")]
    [InlineData("index,label,pred1,entropy1\n1,0,0,0.5\n", "line 2 is sample 1, sample 0 is missing")]
    [InlineData("index,label,pred1,entropy1\n0,0,0,0.5\n0,0,0,0.5\n", "line 3 is sample 0, sample 1 is missing")]
    [InlineData("index,label,pred1,entropy1\n0,0,0,NaN\n", "line 2 says NaN in column entropy1")]
    [InlineData("index,label,pred1,entropy1\n0,0,0,-0.1\n", "says -0.1")]
    [InlineData("index,label,pred1,entropy1\n0,0,0,2.3\n", "says 2.3 in column entropy1, not within 0..1")]
    [InlineData("index,label,pred1,entropy1\n0,0,1.5,0.5\n", "says '1.5' in column pred1, not a whole number")]
    [InlineData("index,label,pred1,entropy1\n0,-2,1,0.5\n", "says -2 in column label")]
    [InlineData("index,label,pred1,entropy1\n0,0,1\n", "line 2 has 3 fields, the header has 4")]
    public void Exits_Malformed_OneLineWithTheNumbers(string text, string expected)
    {
        var error = Assert.Throws<InvalidDataException>(() => ExitsFile.Parse(new StringReader(text), "bad.csv"));
        Assert.Contains(expected, error.Message);
        Assert.Contains("bad.csv", error.Message);
    }

    [Theory]
    [InlineData("square:15,6,tasks=500", 2500, new[] { 500, 1000, 1500, 2000 }, new[] { 15.0, 6, 15, 6, 15 })]
    [InlineData("paper:s2", 1000, new[] { 500 }, new[] { 15.0, 6 })]
    [InlineData("paper:s3", 1000, new[] { 200, 400, 600, 800 }, new[] { 15.0, 7, 15, 7, 15 })]
    [InlineData("steps:4,0@10", 20, new[] { 10 }, new[] { 4.0, 0 })]
    [InlineData("constant:2.5", 20, new int[0], new[] { 2.5 })]
    public void Link_Levels_ChangeAtTheirTasks(string spec, int tasks, int[] changes, double[] levels)
    {
        LinkCourse link = LinkCourse.Parse(spec, 12);
        Assert.Equal(changes, link.ChangesBefore(tasks));
        int[] starts = [0, .. changes];
        for (int i = 0; i < starts.Length; i++)
        {
            Assert.Equal(levels[i] * 1e6, link.At(1e9, starts[i]).RateBitsPerSecond, 3);
            Assert.Equal(levels[i] * 1e6, link.At(0, (i + 1 < starts.Length ? starts[i + 1] : tasks) - 1).RateBitsPerSecond, 3);
        }
        Assert.Equal(12, link.At(0, 0).RttMs);
        double mean = Enumerable.Range(0, tasks).Average(task => link.At(0, task).RateBitsPerSecond);
        Assert.Equal(mean, link.Mean(tasks).RateBitsPerSecond, 1);
    }

    [Theory]
    [InlineData("nowhere.csv", "is no file")]
    [InlineData("square:15", "not square:MBPS")]
    [InlineData("square:15,6", "not square:MBPS")]
    [InlineData("square:15,6,tasks=0", "not square:MBPS")]
    [InlineData("square:15,x,tasks=5", "rate of 'x'")]
    [InlineData("square:15,-1,tasks=5", "rate of '-1'")]
    [InlineData("square:15,NaN,tasks=5", "rate of 'NaN'")]
    [InlineData("constant:", "rate of ''")]
    [InlineData("steps:15@5", "starts at task 0")]
    [InlineData("steps:15,7", "does not start after task 0")]
    [InlineData("steps:15,7@200,9@200", "does not start after task 200")]
    [InlineData("steps:15,7@x", "not MBPS@TASK")]
    [InlineData("paper:s9", "is no file")]
    public void Link_Malformed_Refused(string spec, string expected) =>
        Assert.Contains(expected, Assert.Throws<ArgumentException>(() => LinkCourse.Parse(spec)).Message);

    [Theory]
    [InlineData("poisson:10")]
    [InlineData("poisson:0,queue=1")]
    [InlineData("poisson:NaN,queue=1")]
    [InlineData("poisson:5,queue=-1")]
    [InlineData("uniform:5,queue=1")]
    public void Arrivals_Malformed_Refused(string spec) =>
        Assert.Contains(spec, Assert.Throws<ArgumentException>(() => ArrivalProcess.Parse(spec)).Message);

    [Theory]
    [InlineData("easy")]
    [InlineData("easy-harder")]
    [InlineData("easy-hard,at=x")]
    [InlineData("easy-hard,at=5,at=6")]
    public void Shift_Malformed_Refused(string spec) =>
        Assert.Contains(spec, Assert.Throws<ArgumentException>(() => InputShift.Parse(spec)).Message);
}
