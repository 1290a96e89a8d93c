using System.Text.Json;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Tests.Inference.Engines;

namespace EdgeML.Native.Tests.Models.Manifest;

/// <summary>Exit rules as text, in packages, and in the files that belong to one rule.</summary>
public sealed class ExitRuleManifestTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    ModelPackage Prepare(string? rule, bool force = false)
    {
        string file = _folder.Write("test.onnx", RuledGraph.Network());
        ModelPreparation.Prepare(
            file, _folder["package"], new PrepareOptions { ExitRule = rule is null ? null : ExitRule.Parse(rule), Force = force });
        return ModelPackage.Open(_folder["package"]);
    }

    static ExitCalibration Samples(ExitRule rule) =>
        new(5, [0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 1f, 1f, 0.25f, 0.125f, 0f], [.. Enumerable.Repeat(true, 10)], "samples", labelled: true) { Rule = rule };

    static AccuracyGuarantee Promise(ModelManifest manifest, ExitRule rule) => new()
    {
        Model = manifest.Hash,
        Rule = rule,
        MaxLoss = 0.01,
        Confidence = 0.95,
        Labelled = true,
        Limits = [0.1f, 0.1f, 0.1f, 0.1f],
        DiffersAtMost = 0.02,
        Samples = 1000,
        Losses = 3,
        Source = "samples",
    };

    [Theory]
    [InlineData("entropy")]
    [InlineData("max-probability")]
    [InlineData("margin")]
    [InlineData("patience:2")]
    [InlineData("patience:16")]
    [InlineData("custom:boxes-0.5_a")]
    public void Parse_TextOfARule_IsThatRule(string text)
    {
        ExitRule rule = ExitRule.Parse(text);
        Assert.Equal(text, rule.ToString());
        Assert.True(ExitRule.TryParse(text, out ExitRule again));
        Assert.Equal(rule, again);
        Assert.Equal(text == "entropy", rule == default);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Entropy")]
    [InlineData("patience")]
    [InlineData("patience:1")]
    [InlineData("patience:17")]
    [InlineData("patience:+3")]
    [InlineData("patience:2 ")]
    [InlineData("custom:")]
    [InlineData("custom:a b")]
    [InlineData("custom:a/b")]
    [InlineData("custom:abcdefghijklmnopqrstuvwxyz0123456789")]
    public void Parse_AnythingElse_IsRefused(string text)
    {
        Assert.Contains($"'{text}' is no exit rule", Assert.Throws<ArgumentException>(() => ExitRule.Parse(text)).Message, StringComparison.Ordinal);
        Assert.False(ExitRule.TryParse(text, out _));
    }

    [Fact]
    public void Tried_AnyThresholds_AreThoseAboveZeroAndThoseThatMustAgree()
    {
        Assert.Equal(0b1010u, ExitRule.Margin.Tried([0, 0.5f, float.NaN, 1]));
        var random = new Random(5);
        for (int draw = 0; draw < 500; draw++)
        {
            var rule = ExitRule.AfterAgreement(random.Next(2, 17));
            float[] thresholds = [.. Enumerable.Range(0, random.Next(0, 17)).Select(_ => random.Next(3) == 0 ? random.NextSingle() : 0)];
            uint tried = rule.Tried(thresholds);
            for (int exit = 0; exit < thresholds.Length; exit++)
                Assert.Equal(thresholds[exit..Math.Min(thresholds.Length, exit + rule.Patience)].Any(threshold => threshold > 0), (tried >> exit & 1) == 1);
            Assert.Equal(0u, (uint)((ulong)tried >> thresholds.Length));
        }
    }

    [Fact]
    public void Prepare_Entropy_WritesWhatItAlwaysWrote()
    {
        using (ModelPackage package = Prepare(null))
            Assert.Equal((2, default, package.Manifest.Hash), (package.Manifest.Format, package.Manifest.ExitRule, package.Manifest.Identity));
        byte[] unnamed = File.ReadAllBytes(_folder["package/model.json"]);
        Assert.DoesNotContain("exitRule", File.ReadAllText(_folder["package/model.json"]), StringComparison.Ordinal);
        using (Prepare("entropy")) Assert.Equal(unnamed, File.ReadAllBytes(_folder["package/model.json"]));
    }

    [Fact]
    public void Prepare_AnotherRule_IsInManifestFormatAndIdentity()
    {
        using (ModelPackage package = Prepare("patience:3"))
        {
            Assert.Equal((4, ExitRule.AfterAgreement(3)), (package.Manifest.Format, package.Manifest.ExitRule));
            Assert.Equal($"{package.Manifest.Hash}/patience:3", package.Manifest.Identity);
        }
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(_folder["package/model.json"]));
        Assert.Equal("patience:3", json.RootElement.GetProperty("exitRule").GetString());
    }

    [Theory]
    [InlineData("\"format\": 4", "\"format\": 2", "format 2, its inputs, outputs and exit rule make it 4")]
    [InlineData("patience:3", "patience:5", "exit rule patience:5 with 4 side exits never exits early")]
    [InlineData("\"patience:3\"", "\"median\"", "'median' is no exit rule")]
    [InlineData("\"patience:3\"", "7", "is no exit rule")]
    [InlineData("\"exitRule\": \"patience:3\",", "", "format 4, its inputs and outputs make it 2")]
    public void Open_ContradictoryRule_IsRefused(string from, string to, string message)
    {
        Prepare("patience:3").Dispose();
        string path = _folder["package/model.json"];
        File.WriteAllText(path, File.ReadAllText(path).Replace(from, to, StringComparison.Ordinal));
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => ModelPackage.Open(_folder["package"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Save_CalibrationAndPromise_FitTheirRuleAlone()
    {
        using (ModelPackage package = Prepare("margin"))
        {
            Assert.Contains(
                "exit rule entropy, model test decides by margin",
                Assert.Throws<InvalidDataException>(() => package.SaveCalibration(Samples(ExitRule.Entropy))).Message, StringComparison.Ordinal);
            Assert.Throws<InvalidDataException>(() => package.SaveGuarantee(Promise(package.Manifest, ExitRule.Entropy)));
            package.SaveCalibration(Samples(ExitRule.Margin));
            package.SaveGuarantee(Promise(package.Manifest, ExitRule.Margin));
        }
        Assert.StartsWith("edgeml-calibration 3,exits=5,labelled=1,model=sha256:", File.ReadLines(_folder["package/calibration.csv"]).First(), StringComparison.Ordinal);
        using ModelPackage again = ModelPackage.Open(_folder["package"]);
        Assert.Equal((ExitRule.Margin, ExitRule.Margin), (again.Calibration!.Rule, again.Guarantee!.Rule));
        Assert.Equal(0.25f, again.Calibration.Entropy(1, 3));
    }

    [Fact]
    public void SaveExitRule_Another_TakesCalibrationAndPromiseAway()
    {
        using ModelPackage package = Prepare(null);
        package.SaveCalibration(Samples(default));
        package.SaveGuarantee(Promise(package.Manifest, default));
        package.SaveExitRule(ExitRule.Entropy);
        Assert.NotNull(package.Guarantee);
        Assert.Throws<ArgumentException>(() => package.SaveExitRule(ExitRule.AfterAgreement(5)));
        package.SaveExitRule(ExitRule.Margin);
        Assert.Equal((null, null, ExitRule.Margin), (package.Calibration, package.Guarantee, package.Manifest.ExitRule));
        using (ModelPackage again = ModelPackage.Open(_folder["package"]))
            Assert.Equal((null, null, ExitRule.Margin), (again.Calibration, again.Guarantee, again.Manifest.ExitRule));
        package.SaveExitRule(ExitRule.Entropy);
        using (ModelPackage back = ModelPackage.Open(_folder["package"])) Assert.Equal((2, default), (back.Manifest.Format, back.Manifest.ExitRule));
    }

    [Fact]
    public void Prepare_AgainByAnotherRule_KeepsProfileAndLosesCalibrationOnlyByForce()
    {
        using (ModelPackage package = Prepare(null))
        {
            package.SaveCalibration(Samples(default));
            package.SaveProfile(new DeviceProfile
            {
                Device = "made up",
                UnitMs = [.. package.Manifest.Units.Select(_ => 1.0)],
                HeadMs = [.. Enumerable.Repeat(0.1, package.Manifest.SideExits)],
            });
        }
        string message = Assert.Throws<ArgumentException>(() => Prepare("margin")).Message;
        Assert.Contains("holds the same model with the exit rule entropy, now margin", message, StringComparison.Ordinal);
        using ModelPackage next = Prepare("margin", force: true);
        Assert.Null(next.Calibration);
        Assert.Equal("made up", next.Profile?.Device);
    }

    [Theory]
    [InlineData("edgeml-calibration 3,exits=2,labelled=0,model=,names=,rule=entropy,source=s")]
    [InlineData("edgeml-calibration 3,exits=2,labelled=0,model=,names=,rule=,source=s")]
    [InlineData("edgeml-calibration 3,exits=2,labelled=0,rule=margin,source=s")]
    public void Parse_CalibrationOfNoRule_IsRefused(string first) => Assert.Throws<InvalidDataException>(
        () => CalibrationFile.Parse(System.Text.Encoding.UTF8.GetBytes($"{first}\n0.5,1,0.25,1\n"), "calibration.csv"));

    [Fact]
    public void Write_CalibrationWithoutAModel_IsReadAgain()
    {
        using var stream = new MemoryStream();
        CalibrationFile.Write(stream, new ExitCalibration(2, [0.5f, 0.25f], [true, false], "a, b", labelled: false) { Rule = ExitRule.Custom("boxes") });
        ExitCalibration read = CalibrationFile.Parse(stream.ToArray(), "calibration.csv");
        Assert.Equal((ExitRule.Custom("boxes"), "a, b", null, null), (read.Rule, read.Source, read.Model, read.ExitNames));
        Assert.Equal(0.25f, read.Entropy(0, 2));
    }
}
