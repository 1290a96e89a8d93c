using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;

namespace EdgeML.Native.Tests.Preparation.Graph;

public sealed class PreprocessingTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("3x8x8", "RGB NCHW, scale 1/255, crop", null)]
    [InlineData("8x8x3", "RGB NHWC, scale 1/255, crop", "taken as height, width, channels (NHWC)")]
    [InlineData("1x8x8", "GRAY NCHW, scale 1/255, crop", null)]
    [InlineData("8x8x1", "GRAY NHWC, scale 1/255, crop", "NHWC")]
    [InlineData("4x8x8", "RGB NCHW, scale 1/255, crop", null)]
    [InlineData("2x8x8", "GRAY NCHW, scale 1/255, crop", null)]
    [InlineData("3x8x4", "RGB NCHW, scale 1/255, crop", "taken as channels, height, width (NCHW)")]
    [InlineData("8x8x8", null, null)]
    [InlineData("24", null, null)]
    public void Prepare_NothingSaid_GoesByTheShape(string shape, string? expected, string? note)
    {
        PreparedModel prepared = Prepare(shape);
        Assert.Equal(expected, prepared.Manifest.Preprocessing?.ToString());
        if (note is null) Assert.Empty(prepared.Notes);
        else Assert.Contains(note, Assert.Single(prepared.Notes));
    }

    [Theory]
    [InlineData("8x8x3", "edgeml.layout=NHWC", "RGB NHWC, scale 1/255, crop")]
    [InlineData("3x8x8", "edgeml.channels=BGR;edgeml.scale=1;edgeml.mean=103.939, 116.779, 123.68", "BGR NCHW, scale 1, mean 103.939 116.779 123.68, crop")]
    [InlineData("3x8x8", "edgeml.byteScale=0.5;edgeml.std=2;edgeml.resize=letterbox", "RGB NCHW, scale 1/2, std 2 2 2, letterbox")]
    [InlineData("3x8x8", "edgeml.scale=1/128", "RGB NCHW, scale 1/128, crop")]
    [InlineData("3x8x8", "Image.BitmapPixelFormat=Bgr8;Image.NominalPixelRange=NominalRange_0_255", "BGR NCHW, scale 1, crop")]
    [InlineData("3x8x8", "Image.NominalPixelRange=Normalized_1_1;Image.ColorSpaceGamma=SRGB", "RGB NCHW, scale 0.00784313725490196, mean 1 1 1, crop")]
    [InlineData("3x8x8", "Image.NominalPixelRange=Normalized_0_1", "RGB NCHW, scale 1/255, crop")]
    [InlineData("1x8x8", "Image.BitmapPixelFormat=Gray8", "GRAY NCHW, scale 1/255, crop")]
    // What is ours counts more than what is the standard's.
    [InlineData("3x8x8", "Image.NominalPixelRange=Normalized_1_1;edgeml.scale=1", "RGB NCHW, scale 1, crop")]
    public void Prepare_Metadata_IsRead(string shape, string metadata, string expected)
    {
        PreparedModel prepared = Prepare(shape, metadata);
        Assert.Equal(expected, prepared.Manifest.Preprocessing!.ToString());
        Assert.Empty(prepared.Notes);
    }

    [Fact]
    public void Prepare_ChannelDenotation_DecidesTheLayout()
    {
        PreparedModel prepared = Prepare("3x8x3", change: builder => builder.Graph.Input[0].Type.TensorType.Shape.Dim[3].Denotation = "DATA_CHANNEL");
        Assert.Equal(PixelLayout.Nhwc, prepared.Manifest.Preprocessing!.Layout);
        Assert.Empty(prepared.Notes);
    }

    [Fact]
    public void Prepare_Options_CountMoreThanMetadataAndAreRecorded()
    {
        var options = new PrepareOptions
        {
            Channels = PixelChannels.Bgr,
            ByteScale = 1 / 255.0,
            Mean = [0.5],
            Std = [0.1, 0.2, 0.3],
            Resize = PictureResize.Stretch,
        };
        PreparedModel prepared = Prepare("3x8x8", "edgeml.channels=RGB;edgeml.mean=9;edgeml.resize=crop;edgeml.scale=1", options);
        Assert.Equal("BGR NCHW, scale 1/255, mean 0.5 0.5 0.5, std 0.1 0.2 0.3, stretch", prepared.Manifest.Preprocessing!.ToString());
        using ModelPackage package = ModelPackage.Open(_folder["package"]);
        Assert.Equal(prepared.Manifest.Preprocessing, package.Manifest.Preprocessing);
        Assert.Contains("\"layout\": \"NCHW\"", File.ReadAllText(_folder["package/model.json"]));
        Assert.Equal(prepared.Manifest.Identity, package.Manifest.Identity);
        Assert.NotEqual(package.Manifest.Hash, package.Manifest.Identity);
    }

    [Fact]
    public void Open_PackageOfAnOlderVersion_HasTheUsualMeaning()
    {
        Prepare("3x8x8");
        string path = _folder["package/model.json"], text = File.ReadAllText(path);
        int begin = text.IndexOf("  \"preprocessing\"", StringComparison.Ordinal), end = text.IndexOf("  },", begin, StringComparison.Ordinal) + 5;
        File.WriteAllText(path, text[..begin] + text[end..]);
        using ModelPackage package = ModelPackage.Open(_folder["package"]);
        Assert.Null(package.Manifest.Preprocessing);
        Assert.Equal(package.Manifest.Hash, package.Manifest.Identity);
        Assert.Equal("RGB NCHW, scale 1/255, crop", PictureInput.Of(package.Manifest)!.How.ToString());
    }

    [Theory]
    [InlineData("\"layout\": \"NCHW\"", "\"layout\": \"NHWC\"", "is no picture in the layout")]
    [InlineData("\"channels\": \"RGB\"", "\"channels\": \"XYZ\"", "")]
    [InlineData("\"mean\": []", "\"mean\": [1, 2]", "2 means for 3 channels")]
    [InlineData("\"std\": []", "\"std\": [1, 0, 1]", "channel 1 has the mean 0 and the standard deviation 0")]
    [InlineData("\"scale\": 0.00392156862745098", "\"scale\": 1", "preprocessing has the scale 1")]
    public void Open_RecordThatCannotBe_IsRefused(string from, string to, string expected)
    {
        Prepare("3x8x8");
        string path = _folder["package/model.json"], text = File.ReadAllText(path);
        Assert.Contains(from, text);
        File.WriteAllText(path, text.Replace(from, to, StringComparison.Ordinal));
        var e = Assert.Throws<InvalidDataException>(() => ModelPackage.Open(_folder["package"]));
        Assert.Contains(expected, e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Theory]
    [InlineData("3x8x8", "edgeml.layout=CHWN", "give the layout 'CHWN', not NCHW or NHWC")]
    [InlineData("3x8x8", "edgeml.mean=a,b", "give the mean 'a,b', not numbers separated by commas")]
    [InlineData("3x8x8", "edgeml.scale=0", "give the byte scale '0', not a positive number")]
    [InlineData("3x8x8", "edgeml.mean=1,2", "mean has 2 values, the input 3x8x8 has 3 channels")]
    [InlineData("3x8x8", "edgeml.std=1,-1,1", "std holds -1, not a positive number")]
    [InlineData("1x8x8", "edgeml.channels=BGR", "channels BGR, but the input 1x8x8 has 1; use GRAY")]
    [InlineData("3x8x8", "edgeml.layout=NHWC", "the input 3x8x8 is no picture of 1 to 4 channels in the layout NHWC")]
    [InlineData("24", "edgeml.mean=0.5", "the input 24 is no picture of 1 to 4 channels")]
    public void Prepare_ThatDoesNotFit_SaysWhat(string shape, string metadata, string expected)
    {
        Exception e = Assert.ThrowsAny<Exception>(() => Prepare(shape, metadata));
        Assert.True(e is ArgumentException or InvalidDataException, e.ToString());
        Assert.Contains(expected, e.Message);
    }

    [Theory]
    [InlineData("edgeml.mean=123.675,116.28,103.53", "the mean 123.675 lies outside of all pixels, which are 0..1 after scaling")]
    [InlineData("Image.BitmapPixelFormat=Nv12", "Image.BitmapPixelFormat is 'Nv12', which tells nothing about 3 channels of 8 bits")]
    [InlineData("Image.NominalPixelRange=Odd", "Image.NominalPixelRange is 'Odd', which is not known")]
    public void Prepare_Doubtful_IsNoted(string metadata, string expected) =>
        Assert.Contains(expected, Assert.Single(Prepare("3x8x8", metadata).Notes));

    PreparedModel Prepare(string shape, string metadata = "", PrepareOptions? options = null, Action<OnnxBuilder>? change = null)
    {
        long[] dims = [.. shape.Split('x').Select(long.Parse)];
        var b = new OnnxBuilder(1);
        string x = b.Input("image", [1, .. dims]);
        int elements = (int)dims.Aggregate((product, dim) => product * dim);
        b.Gemm(b.Relu(b.Gemm(b.Flatten(x), elements, 8)), 8, 5, "logits");
        b.Output("logits");
        foreach (string[] pair in metadata.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(entry => entry.Split('=', 2)))
            b.Model.MetadataProps.Add(new StringStringEntryProto { Key = pair[0], Value = pair[1] });
        change?.Invoke(b);
        return ModelPreparation.Prepare(_folder.Write("model.onnx", b.Bytes), _folder["package"], options);
    }
}
