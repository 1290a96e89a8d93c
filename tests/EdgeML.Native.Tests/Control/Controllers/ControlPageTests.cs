using System.Globalization;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Estimation;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Numerics;

namespace EdgeML.Native.Tests.Control.Controllers;

/// <summary>Numbers of <c>docs/control.md</c> are those of the code.</summary>
public class ControlPageTests
{
    static readonly string s_page = Read();

    static string Read()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "EdgeML.Native.sln"))) folder = folder.Parent;
        string text = File.ReadAllText(Path.Combine(folder!.FullName, "docs", "control.md"));
        // Lines break anywhere.
        return string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    static void Says(FormattableString sentence) => Assert.Contains(sentence.ToString(CultureInfo.InvariantCulture), s_page);

    [Fact]
    public void Intervals_AreThoseOfTheLoop() =>
        Says($"last q = {ControlIntervals.StateIntervals} action intervals");

    [Fact]
    public void Profile_ErrorsAreSharedAsTheFilterDoes()
    {
        double shared = DeviceSpeedFilter.SharedShare;
        Says($"at first {100 * shared:0} % of an error is taken for the whole device's and {100 * (1 - shared):0} % for the stretch's own");
        Assert.Equal(0.06 * 0.06 / ((0.06 * 0.06) + (0.04 * 0.04)), shared, 12);
        Says($"their standard deviations are 6 % and 4 %");
    }

    [Fact]
    public void Standby_LimitsAreThePlanners()
    {
        Says($"The plan must be better by {Planner.LeastGain}");
        Says($"where P is between {Planner.LeastHope} and {1 - Planner.LeastStandby}");
        Says($"late : - {Planner.LateCost} (1 - P)");
    }

    [Fact]
    public void Residual_ScaleAndToleranceAreTheControllers()
    {
        Says($"a = clip(a_plan + {EdgeMLController.ResidualScale} (2 mu(s) - 1))");
        Says($"at most {EdgeMLController.Tolerance} of expected goodput may be given up");
    }

    [Fact]
    public void Learning_SettingsAreTheDefaults()
    {
        var ddpg = new DdpgOptions();
        Assert.Equal((1e-4f, 1e-3f), (ddpg.ActorRate, ddpg.CriticRate));
        Says($"{ddpg.Hidden}-{ddpg.Hidden}, Adam 1e-4 / 1e-3, gamma {ddpg.Discount}, tau {ddpg.Tau}, batch {ddpg.Batch}, replay 10,000");
        Assert.Equal(10_000, ddpg.Capacity);
        Says($"a pull to the plan that fades over {ddpg.CloningUpdates} updates");
    }

    [Fact]
    public void Noise_AtFirst_HasTheStandardDeviationThatThePageOfTheMatrixNames()
    {
        var ddpg = new DdpgOptions();
        var noise = new OrnsteinUhlenbeck(20_000, ddpg.NoiseTheta, ddpg.NoiseSigma, ddpg.NoiseDecay, ddpg.NoiseFloor,
            new SeededRandom(1, stream: 3));
        double most = 0;
        for (int decision = 0; decision < 60; decision++)
        {
            double square = 0;
            foreach (float value in noise.Next()) square += value * value;
            most = Math.Max(most, Math.Sqrt(square / 20_000));
        }
        Assert.Equal(0.37, most, 0.01);
    }
}
