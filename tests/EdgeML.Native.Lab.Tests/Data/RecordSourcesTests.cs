using System.Runtime.InteropServices;
using EdgeML.Native.Lab.Data;

namespace EdgeML.Native.Lab.Tests.Data;

public sealed class RecordSourcesTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("edgeml-data-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(32)]
    [InlineData(96)]
    public void Cifar_WrittenShapes_ReadBackEqual(int size)
    {
        using var shapes = new ShapesSource(5, ShapesDifficulty.Mixed, size) { Spec = "test" };
        CifarWriter.Write(shapes, At("shapes.bin"), 12);

        using ImageSource read = DataSpec.Parse($"cifar10:{At("shapes.bin")}").Open([3, size, size]);
        Assert.Equal(12, read.Count);
        byte[] expected = new byte[shapes.Elements], actual = new byte[shapes.Elements];
        for (int i = 0; i < 12; i++)
        {
            Assert.Equal(shapes.Read(i, expected), read.Read(i, actual));
            Assert.Equal(expected, actual);
        }
        Assert.Equal(["shapes.bin"], Directory.GetFiles(_folder).Select(path => Path.GetFileName(path)));
    }

    [Fact]
    public void Cifar_Folder_FilesInOrderOfNameAndThenFromTheStart()
    {
        using var shapes = new ShapesSource(5, ShapesDifficulty.Easy, 32) { Spec = "test" };
        CifarWriter.Write(shapes, At("a.bin"), 3);
        using var others = new ShapesSource(6, ShapesDifficulty.Easy, 32) { Spec = "test" };
        CifarWriter.Write(others, At("b.bin"), 2);

        using ImageSource read = DataSpec.Parse($"cifar10:{_folder}").Open([3, 32, 32]);
        Assert.Equal(5, read.Count);
        byte[] expected = new byte[shapes.Elements], actual = new byte[shapes.Elements];
        others.Read(1, expected);
        read.Read(4, actual);
        Assert.Equal(expected, actual);
        shapes.Read(0, expected);
        read.Read(5, actual);
        Assert.Equal(expected, actual);
    }

    [Theory]
    [InlineData(0, "has 0 bytes, not a multiple of 3073")]
    [InlineData(3072, "has 3072 bytes, not a multiple of 3073")]
    [InlineData(3074, "has 3074 bytes, not a multiple of 3073")]
    public void Cifar_LengthNotOfRecords_SaysNumbers(int length, string expected)
    {
        File.WriteAllBytes(At("x.bin"), new byte[length]);
        var e = Assert.Throws<InvalidDataException>(() => DataSpec.Parse($"cifar10:{At("x.bin")}").Open([3, 32, 32]));
        Assert.Contains(expected, e.Message);
    }

    [Fact]
    public void Cifar_LabelOutOfRange_SaysRecordAndLabel()
    {
        byte[] records = new byte[2 * 3073];
        records[3073] = 10;
        File.WriteAllBytes(At("x.bin"), records);
        using ImageSource source = DataSpec.Parse($"cifar10:{At("x.bin")}").Open([3, 32, 32]);
        var planes = new byte[3072];
        Assert.Equal(0, source.Read(0, planes));
        Assert.Contains("record 1", Assert.Throws<InvalidDataException>(() => source.Read(1, planes)).Message);
    }

    [Fact]
    public void Cifar_EmptyFolder_SaysSo()
    {
        var e = Assert.Throws<FileNotFoundException>(() => DataSpec.Parse($"cifar10:{_folder}").Open([3, 32, 32]));
        Assert.Contains("holds no *.bin", e.Message);
    }

    [Fact]
    public void Tensor_File_FloatsWithoutLabels()
    {
        float[] values = [.. Enumerable.Range(0, 12).Select(i => i * 0.5f)];
        File.WriteAllBytes(At("x.f32"), MemoryMarshal.AsBytes(values.AsSpan()));
        using ImageSource source = DataSpec.Parse($"tensor:{At("x.f32")}").Open([2, 3]);
        Assert.False(source.HasBytes);
        Assert.False(source.HasLabels);
        Assert.Equal(2, source.Count);
        var tensor = new float[6];
        Assert.Equal(ImageSource.NoLabel, source.ReadTensor(1, tensor));
        Assert.Equal(values[6..], tensor);
        Assert.Throws<NotSupportedException>(() => source.Read(0, new byte[6]));
    }

    [Fact]
    public void Tensor_LengthNotOfSamples_SaysNumbers()
    {
        File.WriteAllBytes(At("x.f32"), new byte[50]);
        var e = Assert.Throws<InvalidDataException>(() => DataSpec.Parse($"tensor:{At("x.f32")}").Open([2, 3]));
        Assert.Contains("has 50 bytes, not a multiple of 24", e.Message);
    }

    [Fact]
    public void ReadTensor_Pictures_ScalesBytes()
    {
        using var source = new ShapesSource(5, ShapesDifficulty.Easy, 32) { Spec = "test" };
        var planes = new byte[source.Elements];
        var tensor = new float[source.Elements];
        source.Read(3, planes);
        source.ReadTensor(3, tensor, 0.5f);
        Assert.Equal(planes.Select(b => b * 0.5f), tensor);
    }

    [Fact]
    public void Read_ShortDestination_SaysNumbers()
    {
        using var source = new ShapesSource(5, ShapesDifficulty.Easy, 32) { Spec = "test" };
        var e = Assert.Throws<ArgumentException>(() => source.Read(0, new byte[3071]));
        Assert.Contains("holds 3071 bytes, a sample has 3072", e.Message);
    }

    [Fact]
    public void Write_Cancelled_LeavesNothing()
    {
        using var shapes = new ShapesSource(5, ShapesDifficulty.Easy, 32) { Spec = "test" };
        Assert.Throws<OperationCanceledException>(() => CifarWriter.Write(shapes, At("x.bin"), 3, new CancellationToken(canceled: true)));
        Assert.Empty(Directory.GetFiles(_folder));
    }

    string At(string name) => Path.Combine(_folder, name);
}
