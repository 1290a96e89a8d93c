using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Tests.Control.Costs;
using EdgeML.Training.Data;
using SkiaSharp;

namespace EdgeML.Training.Tests.Data;

public sealed class ImageFolderTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("edgeml-images-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Open_OneFolderAClass_LabelsInOrderOfNames()
    {
        Write("dogs/b.png", 10);
        Write("dogs/a.JPG", 20);
        Write("cats/z.webp", 30);
        Write("cats/deeper/y.bmp", 40);
        using ImageSource source = DataSpec.Parse($"images:{_folder}").Open([3, 8, 8]);
        byte[] planes = new byte[source.Elements];
        Assert.Equal(["cats", "dogs"], source.ClassNames);
        (int Label, byte Value)[] expected = [(0, 30), (0, 40), (1, 20), (1, 10)];
        Assert.Equal(expected.Length, source.Count);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i].Label, source.Read(i, planes));
            Assert.All(planes, value => Assert.InRange(value, expected[i].Value - 3, expected[i].Value + 3));
        }
        Assert.Empty(source.Notes);
    }

    [Fact]
    public void Open_FilesAloneOrOneFile_HaveNoLabels()
    {
        Write("a.png", 10);
        Write("b.png", 20);
        using ImageSource folder = DataSpec.Parse($"images:{_folder}").Open([3, 8, 8]);
        Assert.Equal((2L, false), (folder.Count, folder.HasLabels));
        using ImageSource file = DataSpec.Parse($"images:{_folder}/b.png").Open([3, 8, 8]);
        Assert.Equal((1L, false), (file.Count, file.HasLabels));
    }

    [Fact]
    public void Open_HiddenAndOtherFiles_AreSkippedCountedAndSaid()
    {
        foreach (string name in new[] { "a/1.png", "b/2.png", ".git/3.png", ".ipynb_checkpoints/4.png", "__MACOSX/5.png", ".thumbnails/6.png", "a/.7.png", "a/.cache/8.png", "9.png" })
            Write(name, 1);
        File.WriteAllText(Path.Combine(_folder, "a", "notes.TXT"), "x");
        File.WriteAllText(Path.Combine(_folder, "b", "scan.tif"), "x");
        File.WriteAllText(Path.Combine(_folder, "b", "scan2.tif"), "x");
        using ImageSource source = DataSpec.Parse($"images:{_folder}").Open(Model(2));
        Assert.Equal(2, source.Count);
        Assert.Equal(["a", "b"], source.ClassNames);
        Assert.Equal(
            [
                "5 hidden folders skipped: .cache, .git, .ipynb_checkpoints, .thumbnails, __MACOSX",
                "1 hidden file skipped",
                "3 files skipped: 2 .tif, 1 .txt; JPEG, PNG, WebP, BMP and GIF are read",
                "1 picture beside the folders skipped, having no class",
            ],
            source.Notes);
        Assert.Empty(source.Warnings);
    }

    [Fact]
    public void Open_FoldersNamedLikeClasses_AreThoseClasses()
    {
        foreach (string name in new[] { "Traffic_Light/1.png", "stop sign/2.png", "BUS/3.png" }) Write(name, 1);
        Directory.CreateDirectory(Path.Combine(_folder, "annotations"));
        using ImageSource source = DataSpec.Parse($"images:{_folder}").Open(Model(4, "stop-sign", "car", "traffic light", "bus"));
        byte[] planes = new byte[source.Elements];
        Assert.Equal([3, 2, 0], Enumerable.Range(0, 3).Select(i => source.Read(i, planes)));
        Assert.Equal(["stop-sign", "car", "traffic light", "bus"], source.ClassNames);
        Assert.Equal(["1 folder without pictures (annotations) skipped"], source.Notes);
        Assert.Empty(source.Warnings);
    }

    [Fact]
    public void Open_SomeFoldersNamedLikeClasses_IsRefused()
    {
        foreach (string name in new[] { "car/1.png", "bus/2.png", "tram/3.png" }) Write(name, 1);
        var e = Assert.Throws<InvalidDataException>(() => DataSpec.Parse($"images:{_folder}").Open(Model(4, "bus", "car", "lorry", "bicycle")));
        Assert.Contains("folder 'tram' is none of the 4 classes", e.Message);
        Assert.Contains("bus, car, lorry, bicycle", e.Message);
    }

    [Theory]
    [InlineData(3, 5, "has 3 folders, synthetic tells 5 classes apart; a folder's place in the order of names is its class: c0 = 0, c1 = 1, c2 = 2")]
    [InlineData(3, 3, null)]
    public void Open_FewerFoldersThanClasses_IsAWarning(int folders, int classes, string? expected)
    {
        for (int i = 0; i < folders; i++) Write($"c{i}/x.png", 1);
        using ImageSource source = DataSpec.Parse($"images:{_folder}").Open(Model(classes));
        if (expected is null) Assert.Empty(source.Warnings);
        else Assert.Contains(expected, Assert.Single(source.Warnings));
    }

    [Fact]
    public void Open_MoreFoldersThanClasses_IsRefusedWithBothNumbers()
    {
        for (int i = 0; i < 7; i++) Write($"c{i}/x.png", 1);
        var e = Assert.Throws<InvalidDataException>(() => DataSpec.Parse($"images:{_folder}").Open(Model(5)));
        Assert.Contains("has 7 folders (c0, c1, c2, c3, c4, c5, c6), synthetic tells 5 classes apart", e.Message);
    }

    [Fact]
    public void Open_FoldersThatAreNumbersInAnotherOrder_IsAWarning()
    {
        for (int i = 0; i < 11; i++) Write($"{i}/x.png", 1);
        using ImageSource source = DataSpec.Parse($"images:{_folder}").Open(Model(11));
        Assert.Contains("folders are named by numbers, and a folder's place in the order of names is its class: 0 = 0, 1 = 1, 10 = 2",
            Assert.Single(source.Warnings));
    }

    [Fact]
    public void Open_NoFolderNamedLikeAClass_IsAWarningWithWhatIsTaken()
    {
        Write("n01/x.png", 1);
        Write("n02/x.png", 1);
        using ImageSource source = DataSpec.Parse($"images:{_folder}").Open(Model(2, "cat", "dog"));
        Assert.Contains("no folder of", Assert.Single(source.Warnings));
        Assert.Contains("n01 = 0 (cat), n02 = 1 (dog)", source.Warnings[0]);
    }

    [Fact]
    public void Open_WithoutPictures_SaysWhatIsThere()
    {
        File.WriteAllText(Path.Combine(_folder, "a.tif"), "x");
        var e = Assert.Throws<FileNotFoundException>(() => DataSpec.Parse($"images:{_folder}").Open([3, 8, 8]));
        Assert.Contains("holds no picture", e.Message);
        Assert.Contains("1 file skipped: 1 .tif", e.Message);
    }

    [Fact]
    public void Read_DamagedFile_NamesIt()
    {
        Write("a/1.png", 1);
        File.WriteAllText(Path.Combine(_folder, "a", "2.jpg"), "no picture");
        using ImageSource source = DataSpec.Parse($"images:{_folder}").Open([3, 8, 8]);
        byte[] planes = new byte[source.Elements];
        source.Read(0, planes);
        Assert.Contains($"{_folder}/a/2.jpg cannot be decoded", Assert.Throws<InvalidDataException>(() => source.Read(1, planes)).Message);
    }

    [Theory]
    [InlineData("1x8x8", PixelLayout.Nchw)]
    [InlineData("2x8x8", PixelLayout.Nchw)]
    [InlineData("4x8x8", PixelLayout.Nchw)]
    [InlineData("8x8x1", PixelLayout.Nhwc)]
    [InlineData("8x8x2", PixelLayout.Nhwc)]
    [InlineData("8x8x4", PixelLayout.Nhwc)]
    public void Read_OneTwoAndFourChannels_AreGrayAndAlpha(string shape, PixelLayout layout)
    {
        byte[] rgba = new byte[4 * 64];
        new Random(4).NextBytes(rgba);
        File.WriteAllBytes(Path.Combine(_folder, "a.png"), PictureFiles.Png(8, 8, 8, 6, rgba));
        int[] dims = [.. shape.Split('x').Select(int.Parse)];
        int channels = layout == PixelLayout.Nchw ? dims[0] : dims[2];
        ModelManifest model = Model(2) with
        {
            Input = new InputInfo(dims, "float32", 1 / 255.0),
            Preprocessing = new Preprocessing
            {
                Layout = layout,
                Channels = channels <= 2 ? PixelChannels.Gray : PixelChannels.Rgb,
                Scale = 1 / 255.0,
            },
        };
        using ImageSource source = DataSpec.Parse($"images:{_folder}").Open(model);
        byte[] input = new byte[source.Elements];
        source.Read(0, input);
        for (int i = 0; i < 64; i++)
        {
            for (int c = 0; c < channels; c++)
            {
                byte actual = input[layout == PixelLayout.Nchw ? (c * 64) + i : (i * channels) + c];
                bool alpha = c == channels - 1 && channels is 2 or 4 && c == channels - 1;
                double luma = (0.299 * rgba[4 * i]) + (0.587 * rgba[(4 * i) + 1]) + (0.114 * rgba[(4 * i) + 2]);
                double expected = alpha ? rgba[(4 * i) + 3] : channels <= 2 ? luma : rgba[(4 * i) + c];
                Assert.InRange(actual, expected - 0.51, expected + 0.51);
            }
        }
    }

    [Fact]
    public void Read_ShapesForAnotherOrder_AreTheSamePictures()
    {
        using ImageSource usual = DataSpec.Parse("shapes:seed=3").Open([3, 32, 32]);
        ModelManifest model = Model(10) with
        {
            Input = new InputInfo([32, 32, 3], "float32", 1 / 255.0),
            Preprocessing = new Preprocessing { Layout = PixelLayout.Nhwc, Channels = PixelChannels.Bgr, Scale = 1 / 255.0 },
        };
        using ImageSource turned = DataSpec.Parse("shapes:seed=3").Open(model);
        byte[] planes = new byte[3072], pixels = new byte[3072];
        for (int sample = 0; sample < 3; sample++)
        {
            Assert.Equal(usual.Read(sample, planes), turned.Read(sample, pixels));
            for (int i = 0; i < 1024; i++)
                for (int c = 0; c < 3; c++) Assert.Equal(planes[(c * 1024) + i], pixels[(3 * i) + 2 - c]);
        }
    }

    [Fact]
    public void Read_LabelBeyondTheClasses_IsRefused()
    {
        using ImageSource source = DataSpec.Parse("shapes:seed=3,size=32").Open(Model(2) with { Input = new InputInfo([3, 32, 32], "float32", 1 / 255.0) });
        byte[] planes = new byte[3072];
        var e = Assert.Throws<InvalidDataException>(() =>
        {
            for (int i = 0; i < 100; i++) source.Read(i, planes);
        });
        Assert.Contains("synthetic tells 2 classes apart", e.Message);
    }

    [Fact]
    public void Read_NamesInAnotherOrder_AreMatched()
    {
        using ImageSource usual = DataSpec.Parse("shapes:seed=3").Open([3, 32, 32]);
        string[] reversed = [.. usual.ClassNames.Reverse()];
        using ImageSource matched = DataSpec.Parse("shapes:seed=3").Open(Square(10, reversed));
        byte[] planes = new byte[3072];
        for (int i = 0; i < 20; i++) Assert.Equal(9 - usual.Read(i, planes), matched.Read(i, planes));
        Assert.Contains("are matched with the classes of synthetic by name", Assert.Single(matched.Notes));
        using ImageSource same = DataSpec.Parse("shapes:seed=3").Open(Square(10, [.. usual.ClassNames]));
        Assert.Empty(same.Notes);
        using ImageSource others = DataSpec.Parse("shapes:seed=3").Open(Square(10, [.. Enumerable.Range(0, 10).Select(i => $"x{i}")]));
        Assert.Empty(others.Notes);
        Assert.Contains("is none of the classes of synthetic: x0, x1", Assert.Single(others.Warnings));
        Assert.Empty(same.Warnings);
        reversed[4] = "tram";
        var e = Assert.Throws<InvalidDataException>(() => DataSpec.Parse("shapes:seed=3").Open(Square(10, reversed)));
        Assert.Contains("list classes in different orders", e.Message);
        using ImageSource more = DataSpec.Parse("shapes:seed=3").Open(Square(12));
        Assert.Contains("has 10 classes, synthetic tells 12 apart", Assert.Single(more.Warnings));
    }

    static ModelManifest Square(int classes, params string[] names) =>
        Model(classes, names) with { Input = new InputInfo([3, 32, 32], "float32", 1 / 255.0) };

    static ModelManifest Model(int classes, params string[] names) => SyntheticModel.Manifest() with
    {
        Name = "synthetic",
        Classes = classes,
        ClassNames = names,
        Input = new InputInfo([3, 8, 8], "float32", 1 / 255.0),
        Preprocessing = null,
    };

    void Write(string name, byte value)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        byte[] rgba = new byte[4 * 16 * 16];
        for (int i = 0; i < rgba.Length; i++) rgba[i] = i % 4 == 3 ? (byte)255 : value;
        File.WriteAllBytes(path, Path.GetExtension(name).ToLowerInvariant() switch
        {
            ".jpg" => PictureFiles.Encode(rgba, 16, 16, SKEncodedImageFormat.Jpeg),
            ".webp" => PictureFiles.Encode(rgba, 16, 16, SKEncodedImageFormat.Webp),
            ".bmp" => PictureFiles.Bmp(rgba, 16, 16),
            _ => PictureFiles.Encode(rgba, 16, 16, SKEncodedImageFormat.Png),
        });
    }
}
