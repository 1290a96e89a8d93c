using EdgeML.Simulation.Links;

namespace EdgeML.Simulation.Tests.Links;

public class LinkTraceTests
{
    static LinkTrace Parse(string text) => LinkTrace.Parse(new StringReader(text), "t.csv");

    [Fact]
    public void Parse_AllColumns_KeepsThem()
    {
        LinkTrace trace = Parse("seconds,mbps,rttMs,tailFactor\n0,15,20,1\n10,0.5,80,4\n");
        Assert.Equal(new LinkLevel(10, 0.5, 80, 4), trace.At(12));
        Assert.Equal(new LinkLevel(0, 15, 20, 1), trace.At(9.999));
        Assert.Equal(20, trace.DurationSeconds);
        Assert.Equal(15, trace.At(20.5).Mbps);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("time,mbps\n0,1\n", "has columns time,mbps")]
    [InlineData("seconds,mbps,color\n0,1,2\n", "has columns")]
    [InlineData("seconds,mbps\n", "has no levels")]
    [InlineData("seconds,mbps\n0,1\n1,\n", "line 3 says '' in column 2")]
    [InlineData("seconds,mbps\n0,1\n\n2,3\n", "line 3 has 1 fields")]
    [InlineData("seconds,mbps\n0,NaN\n", "line 2 has a rate of NaN")]
    [InlineData("seconds,mbps\n0,-1\n", "line 2 has a rate of -1")]
    [InlineData("seconds,mbps\n0,1\n5,1\n5,2\n", "line 4 is at second 5, not after second 5")]
    [InlineData("seconds,mbps\n3,1\n", "line 2 is the first and at second 3")]
    [InlineData("seconds,mbps,tailFactor\n0,1,0.5\n", "tail factor of 0.5")]
    [InlineData("seconds,mbps,rttMs\n0,1,-4\n", "round-trip time of -4")]
    [InlineData("seconds,mbps\n0,1,2\n", "line 2 has 3 fields")]
    public void Parse_BadText_NamesLineAndReason(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => Parse(text)).Message);

    [Fact]
    public void SecondsToSend_AcrossLevelsAndOutage_Integrates()
    {
        LinkTrace trace = Parse("seconds,mbps\n0,8\n1,0\n3,4\n4,8\n");
        Assert.Equal(0.5, trace.SecondsToSend(0, 4e6), 9);
        Assert.Equal(1.0, trace.SecondsToSend(0, 8e6), 9);
        Assert.Equal(3.25, trace.SecondsToSend(0, 9e6), 9);
        Assert.Equal(1.75, trace.SecondsToSend(1.5, 1e6), 9);
        // Whole trace of 5 s carries 8 + 4 + 8 megabits; then it starts over.
        Assert.Equal(10.5, trace.SecondsToSend(0, 44e6), 9);
    }

    /// <summary>Turn by turn this would take for ever.</summary>
    [Fact]
    public void SecondsToSend_ManyTurnsOfAShortTrace_AreTakenAtOnce()
    {
        LinkTrace trace = Parse("seconds,mbps\n0,1\n1e-12,3\n");
        Assert.Equal(0.5, trace.SecondsToSend(0, 1e6), 6);
        Assert.Equal(0.5e12, trace.SecondsToSend(7, 1e18), 1e6);
    }

    [Fact]
    public void SecondsToSend_DeadLink_IsInfinite()
    {
        Assert.Equal(double.PositiveInfinity, LinkTrace.Constant(0).SecondsToSend(0, 1));
        Assert.Equal(double.PositiveInfinity, Parse("seconds,mbps\n0,0\n1,0\n").SecondsToSend(0.5, 1));
    }

    [Fact]
    public void Load_SharedTraces_AreValid()
    {
        string? folder = Shared("traces");
        Assert.SkipWhen(folder is null, "no shared data beside the repository");
        foreach (string file in Directory.GetFiles(folder!, "*.csv"))
        {
            LinkTrace trace = LinkTrace.Load(file);
            Assert.True(trace.Levels.Count > 100, file);
            Assert.True(double.IsFinite(trace.SecondsToSend(0, 1e9)), file);
        }
    }

    static string? Shared(string name)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "shared", name);
            if (Directory.Exists(candidate)) return candidate;
        }
        return null;
    }
}
