using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation;
using EdgeML.Native.Tests.Models.Onnx;

namespace EdgeML.Native.Tests.Models.Manifest;

public sealed class ClassNamesTests
{
    static readonly string[] s_three = ["tench, Tinca", "it's", "3 \"o'clock\""];

    [Theory]
    [InlineData("tench, Tinca\nit's\n3 \"o'clock\"\n")]
    [InlineData("\uFEFFtench, Tinca\r\nit's\r\n3 \"o'clock\"\r\n\r\n")]
    [InlineData("""["tench, Tinca", "it's", "3 \"o'clock\""]""")]
    [InlineData("""{"0": "tench, Tinca", "1": "it's", "2": "3 \"o'clock\""}""")]
    [InlineData("""{"2": "3 \"o'clock\"", "0": "tench, Tinca", "1": "it's"}""")]
    [InlineData("""{"tench, Tinca": 0, "it's": 1, "3 \"o'clock\"": 2}""")]
    [InlineData("""{"model_type": "x", "id2label": {"0": "tench, Tinca", "1": "it's", "2": "3 \"o'clock\""}, "label2id": {}}""")]
    [InlineData("""{0: 'tench, Tinca', 1: "it's", 2: '3 "o\'clock"'}""")]
    [InlineData("""['tench, Tinca', "it's", '3 "o\'clock"', ]""")]
    [InlineData("""{"0": ["n1", "tench, Tinca"], "1": ["n2", "it's"], "2": ["n3", "3 \"o'clock\""]}""")]
    public void Read_EveryForm_GivesTheNames(string content)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["names"], content);
        Assert.Equal(s_three, ClassNames.Read(folder["names"]));
    }

    [Theory]
    [InlineData("", "none")]
    [InlineData("[]", "none")]
    [InlineData("a\n\nb\n", "line 2 is empty")]
    [InlineData("""{"0": "a", "2": "b"}""", "'2'")]
    [InlineData("""{"0": "a", "00": "b"}""", "two names")]
    [InlineData("""[["a"], "b"]""", "no name")]
    [InlineData("{'a': 'b'", "")]
    [InlineData("""["cat", "\ud800"]""", "half of a character")]
    [InlineData("""{"\udc00": 0, "cat": 1}""", "half of a character")]
    [InlineData("""{0: 'cat', 1: '\ud800'}""", "")]
    [InlineData("""['\udc00\ud800']""", "")]
    public void Read_NoNames_OneLineSaysWhy(string content, string part)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["names"], content);
        var error = Assert.Throws<InvalidDataException>(() => ClassNames.Read(folder["names"]));
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Contains("names", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("edgeml.classes", """["a, b", "c", "d", "e", "f"]""", "a, b")]
    [InlineData("edgeml.classes", "a,b, c,d,e", "a")]
    [InlineData("names", "{0: 'a, b', 1: 'c', 2: 'd', 3: 'e', 4: 'f'}", "a, b")]
    [InlineData("labels", "a,b,c,d,e", "a")]
    [InlineData("classes", "['a, b', 'c', 'd', 'e', 'f']", "a, b")]
    [InlineData("classes", "5", null)]
    [InlineData("names", "{0: 'a'}", null)]
    [InlineData("author", "['a', 'b', 'c', 'd', 'e']", null)]
    public void Prepare_Metadata_NamesTheClasses(string key, string value, string? first)
    {
        using var folder = new TemporaryFolder();
        ModelProto model = ModelProto.Parser.ParseFrom(Graphs.All["chain"]().Bytes);
        int classes = Prepared(folder, model).Manifest.Classes;
        Assert.Equal(5, classes);
        model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        PreparedModel prepared = Prepared(folder, model);
        if (first is null)
        {
            Assert.Empty(prepared.Manifest.ClassNames);
            Assert.Equal(key != "author", prepared.Notes.Any(note => note.Contains($"'{key}'", StringComparison.Ordinal)));
            return;
        }
        Assert.Equal(5, prepared.Manifest.ClassNames.Count);
        Assert.Equal(first, prepared.Manifest.ClassNames[0]);
    }

    [Theory]
    [InlineData("a", "b")]
    [InlineData("a, b", "c")]
    [InlineData(" a", "")]
    [InlineData("[a", "b]")]
    [InlineData("two\nlines", "é\"")]
    public void ToMetadata_AnyNames_SurviveTheWayBack(string one, string two)
    {
        string text = ClassNames.ToMetadata([one, two]);
        Assert.Equal(
            [one, two], ClassNames.FromMetadata([KeyValuePair.Create(ClassNames.MetadataKey, text)], 2, out string? note));
        Assert.Null(note);
    }

    static PreparedModel Prepared(TemporaryFolder folder, ModelProto model)
    {
        using (FileStream file = File.Create(folder["named.onnx"])) Google.Protobuf.MessageExtensions.WriteTo(model, file);
        return ModelPreparation.Prepare(folder["named.onnx"], folder["package"]);
    }
}
