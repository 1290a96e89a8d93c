using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Tests.Offload.Client;

/// <summary>The model: a side exit after unit 1 of 3, four classes; the request leaves cut 0 and tries the exit below 0.5.</summary>
public class AnswerCheckTests
{
    const float Nan = float.NaN, Infinite = float.PositiveInfinity, None = float.NegativeInfinity;
    static readonly ModelManifest s_model = FakeTail.Model("sha256:fake");

    [Theory]
    // What right tails answer.
    [InlineData("None", 1, 2, 0.25f, 0.5f)]
    [InlineData("None", 2, 2, 1f, 0.5f)]
    [InlineData("None", 2, 2, 0f, 1f)]
    // Class and largest logit.
    [InlineData("Class", 2, 1, 0.25f, 0.5f)]
    [InlineData("Class", 2, 3, 0.25f, 0.5f)]
    // Shares.
    [InlineData("Confidence", 2, 2, 0.25f, Nan)]
    [InlineData("Confidence", 2, 2, 0.25f, 1.01f)]
    [InlineData("Confidence", 2, 2, 0.25f, -0.01f)]
    [InlineData("Entropy", 2, 2, Nan, 0.5f)]
    [InlineData("Entropy", 2, 2, 1.01f, 0.5f)]
    [InlineData("Entropy", 2, 2, -0.01f, 0.5f)]
    [InlineData("Entropy", 2, 2, Infinite, 0.5f)]
    // A side exit answers strictly below its threshold.
    [InlineData("Entropy", 1, 2, 0.5f, 0.5f)]
    [InlineData("Entropy", 1, 2, 0.75f, 0.5f)]
    public void FaultOf_Numbers_IsTheFirstContradiction(string expected, int exit, int label, float entropy, float confidence) =>
        Assert.Equal(expected, Fault(new ExitPolicy([0.5f], 0), new TailAnswer(exit, label, entropy, confidence), [1, 2, 3, 3]));

    [Theory]
    [InlineData("None", 0.5f, 0, 1)]
    [InlineData("Exit", 0f, 0, 1)]
    [InlineData("Exit", 0.5f, 1, 1)]
    [InlineData("Exit", 0.5f, 2, 1)]
    [InlineData("None", 0f, 1, 2)]
    public void FaultOf_ExitThatIsNotTried_IsOne(string expected, float threshold, int cut, int exit) =>
        Assert.Equal(expected, Fault(new ExitPolicy([threshold], cut), new TailAnswer(exit, 2, 0.25f, 0.5f), [1, 2, 3, 3]));

    [Theory]
    [InlineData("None", true, 2, 2, Nan)]
    [InlineData("Logits", false, 2, 2, Nan)]
    [InlineData("Entropy", true, 1, 2, Nan)]
    [InlineData("Class", true, 2, 1, Nan)]
    [InlineData("Confidence", true, 2, 2, 2f)]
    public void FaultOf_LogitsThatAreNoNumbers_NeedTheFlag(string expected, bool flag, int exit, int label, float share) => Assert.Equal(
        expected, Fault(new ExitPolicy([0.5f], 0), new TailAnswer(exit, label, share, share), [Nan, 2, 3, Nan], flag));

    [Fact]
    public void FaultOf_InfiniteLogits_NeedTheFlagWhereNoneIsFiniteAndLargest()
    {
        var policy = new ExitPolicy([0.5f], 0);
        Assert.Equal("Logits", Fault(policy, new TailAnswer(2, 1, Nan, Nan), [1, Infinite, 3, 3]));
        Assert.Equal("None", Fault(policy, new TailAnswer(2, 1, Nan, Nan), [1, Infinite, 3, 3], flag: true));
        Assert.Equal("Logits", Fault(policy, new TailAnswer(2, 0, Nan, Nan), [None, None, None, None]));
        Assert.Equal("None", Fault(policy, new TailAnswer(2, 0, Nan, Nan), [None, None, None, None], flag: true));
        // A class that is ruled out has minus infinity.
        Assert.Equal("None", Fault(policy, new TailAnswer(2, 3, 0.25f, 0.5f), [None, None, 2, 3]));
    }

    [Fact]
    public void FaultOf_OutputsThatAreNoScores_MayBeAnything()
    {
        ModelManifest raw = s_model with { Classes = 0, Exits = [s_model.Exits[^1]], Outputs = [new NamedTensor("boxes", [1, 4], "float32", 0)] };
        string Of(int exit) => AnswerCheck.FaultOf(
            raw, new ExitPolicy([], 0), new ReplyHeader { Answer = new TailAnswer(exit, TailAnswer.NoClass, Nan, Nan) }, [Nan, 2, Infinite, None]).ToString();
        Assert.Equal(("None", "Exit"), (Of(1), Of(0)));
    }

    static string Fault(ExitPolicy policy, TailAnswer answer, float[] logits, bool flag = false) =>
        AnswerCheck.FaultOf(s_model, policy, new ReplyHeader { Answer = answer, HasInvalidLogits = flag }, logits).ToString();
}
