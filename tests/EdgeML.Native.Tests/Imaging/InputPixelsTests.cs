using EdgeML.Native.Imaging;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Tests.Control.Costs;

namespace EdgeML.Native.Tests.Imaging;

public sealed class InputPixelsTests
{
    static readonly double[] s_mean = [0.485, 0.456, 0.406], s_std = [0.229, 0.224, 0.225];

    [Theory]
    [InlineData(PixelLayout.Nchw)]
    [InlineData(PixelLayout.Nhwc)]
    public void Decode_MeanAndStd_IsScaledLessMeanByStd(PixelLayout layout)
    {
        ModelManifest manifest = Manifest(layout, 1 / 255.0, s_mean, s_std);
        byte[] bytes = Bytes(manifest);
        float[] tensor = new float[bytes.Length];
        new InputPixels(manifest).Decode(bytes, tensor);
        int plane = bytes.Length / 3;
        for (int i = 0; i < bytes.Length; i++)
        {
            int c = layout == PixelLayout.Nchw ? i / plane : i % 3;
            Assert.Equal(((bytes[i] / 255.0) - s_mean[c]) / s_std[c], tensor[i], 1e-6);
        }
    }

    [Fact]
    public void Decode_BothLayouts_GiveTheSameBits()
    {
        ModelManifest planes = Manifest(PixelLayout.Nchw, 1, [103.939, 116.779, 123.68], [57, 58, 59]);
        ModelManifest pixels = Manifest(PixelLayout.Nhwc, 1, [103.939, 116.779, 123.68], [57, 58, 59]);
        byte[] bytes = Bytes(planes), turned = new byte[bytes.Length];
        int plane = bytes.Length / 3;
        for (int i = 0; i < bytes.Length; i++) turned[(i % plane * 3) + (i / plane)] = bytes[i];
        float[] a = new float[bytes.Length], b = new float[bytes.Length];
        new InputPixels(planes).Decode(bytes, a);
        new InputPixels(pixels).Decode(turned, b);
        for (int i = 0; i < a.Length; i++) Assert.Equal(a[i], b[(i % plane * 3) + (i / plane)]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Decode_UsualRecordOrNone_IsOneMultiplication(bool recorded)
    {
        ModelManifest manifest = Manifest(PixelLayout.Nchw, 1 / 255.0, [], []);
        if (!recorded) manifest = manifest with { Preprocessing = null };
        byte[] bytes = Bytes(manifest);
        float[] tensor = new float[bytes.Length];
        new InputPixels(manifest).Decode(bytes, tensor);
        Assert.Equal(bytes.Select(b => b * (float)(1 / 255.0)), tensor);
        Assert.Equal(manifest.Hash, manifest.Identity);
    }

    [Fact]
    public void Identity_AnyOtherValue_IsAnother()
    {
        ModelManifest usual = Manifest(PixelLayout.Nchw, 1 / 255.0, [], []);
        Preprocessing how = usual.Preprocessing!;
        ModelManifest[] others =
        [
            Manifest(PixelLayout.Nhwc, 1 / 255.0, [], []), Manifest(PixelLayout.Nchw, 1, [], []), Manifest(PixelLayout.Nchw, 1 / 255.0, s_mean, s_std),
            Manifest(PixelLayout.Nchw, 1 / 255.0, s_mean, []), Manifest(PixelLayout.Nchw, 1 / 255.0, [], s_mean), Manifest(PixelLayout.Nchw, 1 / 255.0, [], s_std),
            usual with { Preprocessing = how with { Channels = PixelChannels.Bgr } },
            usual with { Preprocessing = how with { Resize = PictureResize.Stretch } },
            usual with { Preprocessing = null, Input = usual.Input with { ByteScale = 1 } },
        ];
        string[] identities = [usual.Identity, .. others.Select(other => other.Identity)];
        // A package without a record and with scale 1 means the same as a recorded one.
        Assert.Equal(identities.Length - 1, identities.Distinct().Count());
        Assert.Equal(identities[2], identities[^1]);
        Assert.All(identities, identity => Assert.StartsWith(usual.Hash, identity));
    }

    static ModelManifest Manifest(PixelLayout layout, double scale, double[] mean, double[] std)
    {
        ModelManifest basis = SyntheticModel.Manifest();
        int[] shape = layout == PixelLayout.Nchw ? [3, 40, 37] : [40, 37, 3];
        return basis with
        {
            Input = new InputInfo(shape, "float32", scale),
            Preprocessing = new Preprocessing { Layout = layout, Channels = PixelChannels.Rgb, Scale = scale, Mean = mean, Std = std },
        };
    }

    static byte[] Bytes(ModelManifest manifest)
    {
        byte[] bytes = new byte[manifest.Input.Elements];
        new Random(7).NextBytes(bytes);
        return bytes;
    }
}
