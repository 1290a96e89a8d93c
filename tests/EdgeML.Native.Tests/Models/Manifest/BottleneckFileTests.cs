using System.Text.Json.Nodes;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Tests.Inference.Sessions;
using EdgeML.Native.Tests.Models.Onnx;

namespace EdgeML.Native.Tests.Models.Manifest;

public sealed class BottleneckFileTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly string _file;

    public BottleneckFileTests()
    {
        File.WriteAllBytes(_folder["test.onnx"], Graphs.All["chain"]().Bytes);
        ModelPreparation.Prepare(_folder["test.onnx"], _folder["package"]);
        _file = Path.Combine(_folder["package"], "bottlenecks.json");
    }

    ModelPackage Open() => ModelPackage.Open(_folder["package"]);

    [Fact]
    public void SaveBottlenecks_ReadAgain_AreTheSame()
    {
        BottleneckSet saved;
        using (ModelPackage package = Open())
        {
            Assert.Same(BottleneckSet.None, package.Bottlenecks);
            package.SaveBottlenecks([TestBottlenecks.Make(package.Manifest, 1), TestBottlenecks.Make(package.Manifest, 2)]);
            saved = package.Bottlenecks;
        }
        using ModelPackage again = Open();
        Assert.Equal(saved.Digest, again.Bottlenecks.Digest);
        Assert.Equal(2, again.Bottlenecks.Items.Count);
        for (int number = 1; number <= 2; number++)
        {
            Assert.Equal(saved.Map(number).Encoder, again.Bottlenecks.Map(number).Encoder);
            Assert.Equal(saved.Map(number).Decoder, again.Bottlenecks.Map(number).Decoder);
            Assert.Equal(saved.Map(number).Ranges, again.Bottlenecks.Map(number).Ranges);
            Assert.Equal(saved.Map(number).PayloadBytes, again.Bottlenecks.PayloadBytes(again.Bottlenecks.Items[number - 1].Cut, number));
        }
        Assert.Equal(-1, again.Bottlenecks.PayloadBytes(again.Bottlenecks.Items[0].Cut, 3));
        Assert.Equal(-1, again.Bottlenecks.PayloadBytes(again.Bottlenecks.Items[0].Cut + 1, 1));
        again.SaveBottlenecks([]);
        Assert.False(File.Exists(_file));
    }

    [Theory]
    [InlineData("format", "2", "format 2, this library reads 1")]
    [InlineData("model", "\"sha256:other\"", "made for sha256:other")]
    [InlineData("digest", "\"\"", "the digest is ")]
    [InlineData("items", "null", "items")]
    [InlineData("items", "[null]", "null")]
    public void Open_BrokenSet_IsOneLineThatSaysWhat(string key, string value, string text)
        => Broken(root => root[key] = JsonNode.Parse(value), text);

    [Theory]
    [InlineData("cut", "0", "cut 0 is outside 1..")]
    [InlineData("cut", "999", "cut 999 is outside 1..")]
    [InlineData("patch", "3", "patches of 3 pixels do not tile")]
    [InlineData("patch", "0", "patches of 0 pixels do not tile")]
    [InlineData("bits", "\"\"", "0 components")]
    [InlineData("bits", "\"AwA=\"", "does not have 1..8 bits")]
    [InlineData("bits", "\"AwMD\"", "Encoder at cut")]
    [InlineData("mean", "\"AAAA\"", "Mean at cut")]
    [InlineData("low", "\"AADAfwAAwH8=\"", "Low at cut")]
    [InlineData("low", "\"AACAQAAAgEA=\"", "lowest level above its highest")]
    [InlineData("lost", "2", "is not a share")]
    [InlineData("encoder", "\"!\"", "encoder")]
    public void Open_BrokenBottleneck_IsOneLineThatSaysWhat(string key, string value, string text) => Broken(
        root => root["items"]![0]![key] = JsonNode.Parse(value), text, seal: key != "encoder");

    [Fact]
    public void Open_TruncatedFile_IsOneLine()
    {
        Save();
        byte[] bytes = File.ReadAllBytes(_file);
        for (int length = 0; length < bytes.Length; length += 1 + (bytes.Length / 50))
        {
            File.WriteAllBytes(_file, bytes[..length]);
            string message = Assert.Throws<InvalidDataException>(() => Open().Dispose()).Message;
            Assert.StartsWith("bottlenecks.json", message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', message);
        }
    }

    void Save()
    {
        using ModelPackage package = Open();
        package.SaveBottlenecks([TestBottlenecks.Make(package.Manifest, 1)]);
    }

    void Broken(Action<JsonNode> change, string text, bool seal = false)
    {
        Save();
        JsonNode root = JsonNode.Parse(File.ReadAllBytes(_file))!;
        change(root);
        File.WriteAllText(_file, root.ToJsonString());
        if (seal)
        {
            // A file somebody made so on purpose: its digest is right.
            BottleneckSet set = PackageJson.Read(_file, PackageJson.Default.BottleneckSet).Sealed();
            root["digest"] = set.Digest;
            File.WriteAllText(_file, root.ToJsonString());
        }
        string message = Assert.Throws<InvalidDataException>(() => Open().Dispose()).Message;
        Assert.Contains(text, message, StringComparison.OrdinalIgnoreCase);
        Assert.StartsWith("bottlenecks.json", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    public void Dispose() => _folder.Dispose();
}
