using System.Diagnostics;
using System.Text.Json;

namespace EdgeML.Cli.Tests;

/// <summary>Signed packages through the command: keys by option and environment, one line where a package is refused.</summary>
public sealed class SignCommandTests(ShippedPackage package) : FolderTests, IClassFixture<ShippedPackage>
{
    string Copy(string name)
    {
        Directory.CreateDirectory(this[name]);
        foreach (string file in Directory.GetFiles(package.Model)) File.Copy(file, Path.Combine(this[name], Path.GetFileName(file)));
        return this[name];
    }

    static string Good(params string[] arguments)
    {
        Outcome outcome = EdgemlProcess.Run(arguments);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        return outcome.Output;
    }

    static void Refused(string part, params string[] arguments)
    {
        Outcome outcome = EdgemlProcess.Run(arguments);
        Assert.Equal(2, outcome.ExitCode);
        string line = Assert.Single(outcome.ErrorLines);
        Assert.StartsWith("edgeml: ", line, StringComparison.Ordinal);
        Assert.Contains(part, line, StringComparison.Ordinal);
    }

    [Fact]
    public void SignedPackage_RunsByItsKey_AndOthersAreRefused()
    {
        string model = Copy("model"), key = this["key.pem"], trusted = this["key.pub.pem"];
        string[] run = ["run", "--model", model, "--data", "shapes:seed=3", "--count", "5"];
        string id = Good("sign", "--new-key", key).Split('\n')[0][4..];
        Good("sign", "--new-key", this["other.pem"]);
        Assert.Contains("not signed", Good("inspect", model), StringComparison.Ordinal);
        Refused("is not signed", [.. run, "--trusted-key", trusted]);

        Assert.Contains(id, Good("sign", "--model", model, "--key", key), StringComparison.Ordinal);
        Good([.. run, "--trusted-key", trusted]);
        Good([.. run, "--trusted-key", this["other.pub.pem"], "--trusted-key", trusted]);
        Good(run);
        Assert.Contains($"signed by key {id}", Good("inspect", model, "--json", this["inspect.json"]), StringComparison.Ordinal);
        using (JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(this["inspect.json"])))
            Assert.Equal(id, json.RootElement.GetProperty("signature").GetProperty("keyId").GetString());
        Assert.Contains("every file is as it was signed", Good("sign", "--verify", "--model", model, "--trusted-key", trusted), StringComparison.Ordinal);
        Refused("it is by key", [.. run, "--trusted-key", this["other.pub.pem"]]);
        Refused("it is by key", "tail", "--model", model, "--listen", "127.0.0.1:0", "--trusted-key", this["other.pub.pem"]);
        var environment = new Dictionary<string, string> { ["EDGEML_TRUSTED_KEYS"] = this["other.pub.pem"] };
        Assert.Equal(2, EdgemlProcess.Run(environment, run).ExitCode);
        environment["EDGEML_TRUSTED_KEYS"] += Path.PathSeparator + trusted;
        Assert.Equal(0, EdgemlProcess.Run(environment, run).ExitCode);

        // A file that loading would read is added, one is changed.
        File.WriteAllText(Path.Combine(model, "device.json"), "{}");
        Refused("device.json was added after signing", [.. run, "--trusted-key", trusted]);
        File.Delete(Path.Combine(model, "device.json"));
        File.AppendAllText(Path.Combine(model, "model.json"), " ");
        Refused("model.json has", "inspect", model, "--trusted-key", trusted);
        Assert.Contains("signature does not hold", Good("inspect", model), StringComparison.Ordinal);
        Good(run);
    }

    [Fact]
    public void Change_OfASignedPackage_EndsTheSignatureAndSaysSo()
    {
        string model = Copy("model"), key = this["key.pem"];
        Good("sign", "--new-key", key);
        Good("sign", "--model", model, "--key", key);
        Assert.Contains("signature removed", Good("calibrate", model, "--data", "shapes:seed=7", "--count", "1500"), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(model, "signature.json")));
        Good("sign", "--model", model, "--key", key);
        Assert.Contains("signature removed", Good("profile", "--model", model, "--runs", "2", "--save"), StringComparison.Ordinal);
        Good("sign", "--model", model, "--key", key);
        string onnx = Path.Combine(EdgemlProcess.RepositoryRoot, "models", "shapes-vgg.onnx");
        Assert.Contains("was signed and now is not", Good("prepare", onnx, "--out", model), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(model, "signature.json")));
    }

    [Fact]
    public void BadUse_IsOneLine()
    {
        Good("sign", "--new-key", this["key.pem"]);
        Refused("sign takes", "sign", "--model", package.Model);
        Refused("needs --trusted-key", "sign", "--verify", "--model", package.Model);
        Refused("a private key is needed", "sign", "--model", package.Model, "--key", this["key.pub.pem"]);
        Refused("a public key is needed", "inspect", package.Model, "--trusted-key", this["key.pem"]);
        Assert.Equal(1, EdgemlProcess.Run("sign", "--new-key", this["key.pem"]).ExitCode);
    }

    /// <summary>Opening a pipe waits for its writer, deaf to signals.</summary>
    [Theory]
    [InlineData("model.json")]
    [InlineData("graph.onnx")]
    [InlineData("calibration.csv")]
    public void PipeAsAPackageFile_IsRefusedAtOnce(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no mkfifo there");
        string model = Copy("model");
        File.Delete(Path.Combine(model, name));
        using (Process made = Process.Start("mkfifo", [Path.Combine(model, name)])) made.WaitForExit();
        Refused(name, "run", "--model", model, "--data", "shapes:seed=3", "--count", "5");
        Refused(name, "tail", "--model", model, "--listen", "127.0.0.1:0");
    }
}
