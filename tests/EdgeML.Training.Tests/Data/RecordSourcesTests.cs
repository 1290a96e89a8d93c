using System.Runtime.InteropServices;
using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Data;

namespace EdgeML.Training.Tests.Data;

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

    [Theory]
    [InlineData(false, 57, 100)]
    [InlineData(true, 9, 20)]
    public void Cifar100_TwoLabelBytes_CoarseThenFine(bool coarse, int expected, int labels)
    {
        byte[] records = new byte[3 * 3074];
        new Random(1).NextBytes(records);
        for (int i = 0; i < 3; i++) (records[3074 * i], records[(3074 * i) + 1]) = (9, 57);
        File.WriteAllBytes(At("train.bin"), records);
        File.WriteAllLines(At("fine_label_names.txt"), [.. Enumerable.Range(0, 100).Select(i => $"fine{i}")]);
        using ImageSource source = DataSpec.Parse($"cifar100:{_folder}{(coarse ? ",labels=coarse" : "")}").Open([3, 32, 32]);
        byte[] planes = new byte[3072];
        Assert.Equal(3, source.Count);
        Assert.Equal(expected, source.Read(2, planes));
        Assert.Equal(records[(2 * 3074) + 2], planes[0]);
        Assert.Equal(records[^1], planes[^1]);
        Assert.Equal(coarse ? [] : [.. Enumerable.Range(0, 100).Select(i => $"fine{i}")], source.ClassNames);
        Assert.Equal(labels, ((CifarSource)source).Labels);
        records[3074 + (coarse ? 0 : 1)] = (byte)labels;
        File.WriteAllBytes(At("train.bin"), records);
        using ImageSource wrong = DataSpec.Parse($"cifar100:{_folder}{(coarse ? ",labels=coarse" : "")}").Open([3, 32, 32]);
        Assert.Contains($"record 1 of cifar100:{_folder}", Assert.Throws<InvalidDataException>(() => wrong.Read(1, planes)).Message);
    }

    [Theory]
    [InlineData("cifar10", 2 * 3074, "records of 3074 would fit, which are cifar100:")]
    [InlineData("cifar100", 2 * 3073, "records of 3073 would fit, which are cifar10:")]
    public void Cifar_TheOtherOne_IsNamed(string kind, int length, string expected)
    {
        File.WriteAllBytes(At("x.bin"), new byte[length]);
        var e = Assert.Throws<InvalidDataException>(() => DataSpec.Parse($"{kind}:{At("x.bin")}").Open([3, 32, 32]));
        Assert.Contains(expected, e.Message);
    }

    [Fact]
    public void Cifar_OfAnotherSizeThanTheNetwork_SaysSo()
    {
        File.WriteAllBytes(Path.Combine(_folder, "c.bin"), new byte[5 * 3074]);
        var e = Assert.Throws<InvalidDataException>(() => DataSpec.Parse($"cifar100:{_folder}").Open([3, 96, 96]));
        Assert.Contains("pictures of 32 x 32 would fit, the network's are 96 x 96", e.Message);
    }

    [Theory]
    [InlineData("label\n2\n0\n1", "2 0 1")]
    [InlineData("name\nred\n\"blue, light\"\n\"red\"\n", "0 1 0")]
    [InlineData("2\n0\n1\n\n", "2 0 1")]
    public void Labels_Table_MayHaveAHeadLineAndQuotes(string content, string expected)
    {
        string path = Path.Combine(_folder, "l.csv");
        File.WriteAllText(path, content);
        Assert.Equal(expected, string.Join(' ', LabelFile.Read(path, 3, ["red", "blue, light", "green"])));
    }

    [Fact]
    public void Labels_NamesAndNumbersMixed_AreRefused()
    {
        string path = Path.Combine(_folder, "l.txt");
        File.WriteAllText(path, "1\n2\n0");
        Assert.Equal([1, 2, 0], LabelFile.Read(path, 3, ["a", "b", "c"]));
        Assert.Equal([2, 1, 0], LabelFile.Read(path, 3, ["0", "2", "1"]));
        var e = Assert.Throws<InvalidDataException>(() => LabelFile.Read(path, 3, ["1", "2", "3"]));
        Assert.Contains("line 1 is a class's name, '1', and line 3 is a number that names no class, '0'", e.Message);
    }

    [Theory]
    [InlineData("<f4", "(4, 2, 3)")]
    [InlineData("<f8", "(4, 2, 3)")]
    [InlineData("<f2", "(4, 6)")]
    [InlineData("|u1", "(4, 2, 3)")]
    [InlineData("<f4", "(2, 3)")]
    public void Tensor_Npy_IsRead(string type, string shape)
    {
        int samples = shape == "(2, 3)" ? 1 : 4;
        double[] values = [.. Enumerable.Range(0, 6 * samples).Select(i => (double)i)];
        WriteNpy("x.npy", type, shape, values);
        using ImageSource source = DataSpec.Parse($"tensor:{At("x.npy")}").Open([2, 3]);
        Assert.Equal((samples, type == "|u1"), ((int)source.Count!, source.HasBytes));
        float[] tensor = new float[6];
        source.ReadTensor(samples - 1, tensor, byteScale: 1);
        Assert.Equal(values[^6..].Select(value => (float)value), tensor);
    }

    [Theory]
    [InlineData("<f4", "(4, 3, 2)", false, "has the shape 4x3x2, the network's input is 2x3: N x 2x3 is expected")]
    [InlineData("<f4", "(24,)", false, "has the shape 24")]
    [InlineData("<f4", "(4, 2, 3)", true, "is in Fortran order; save numpy.ascontiguousarray(array) instead")]
    [InlineData(">f4", "(4, 2, 3)", false, "holds elements of type >f4, little-endian numbers are read")]
    [InlineData("<i4", "(4, 2, 3)", false, "holds i4; f4, f8, f2 and u1 are read")]
    [InlineData("<f4", "(5, 2, 3)", false, "holds 4 samples, its header says 5")]
    public void Tensor_NpyThatDoesNotFit_SaysWhat(string type, string shape, bool fortran, string expected)
    {
        WriteNpy("x.npy", type, shape, [.. Enumerable.Range(0, 24).Select(i => (double)i)], fortran);
        var e = Assert.Throws<InvalidDataException>(() => DataSpec.Parse($"tensor:{At("x.npy")}").Open([2, 3]));
        Assert.Contains(expected, e.Message);
    }

    [Theory]
    [InlineData("text.txt")]
    [InlineData("bytes.bin")]
    [InlineData("ints.bin")]
    [InlineData("longs.labels")]
    [InlineData("l.npy")]
    public void Tensor_LabelsInAnyForm_AreRead(string file)
    {
        File.WriteAllBytes(At("x.f32"), new byte[3 * 24]);
        int[] labels = [2, 0, 1];
        switch (file)
        {
            case "text.txt": File.WriteAllText(At(file), "2\n0\r\n1\n\n"); break;
            case "bytes.bin": File.WriteAllBytes(At(file), [2, 0, 1]); break;
            case "ints.bin": File.WriteAllBytes(At(file), MemoryMarshal.AsBytes<int>(labels).ToArray()); break;
            case "longs.labels": File.WriteAllBytes(At(file), MemoryMarshal.AsBytes<long>([2, 0, 1]).ToArray()); break;
            default: WriteNpy(file, "<i8", "(3,)", [2, 0, 1]); break;
        }
        using ImageSource source = DataSpec.Parse($"tensor:{At("x.f32")},labels={At(file)}").Open([2, 3]);
        Assert.True(source.HasLabels);
        Assert.Equal(labels, Enumerable.Range(0, 3).Select(i => source.ReadTensor(i, new float[6])));
    }

    [Theory]
    [InlineData("l.txt", "0\n1", "has 2 labels, there are 3 samples")]
    [InlineData("l.txt", "0\n1\nzebra", "line 3 is 'zebra', neither a whole number nor a class's name")]
    [InlineData("l.txt", "0\n-1\n0", "label 1 is -1")]
    [InlineData("l.bin", "12345", "has 5 bytes, labels of 3 samples have 3 (uint8), 12 (int32) or 24 (int64)")]
    [InlineData("gone.txt", null, "does not exist")]
    public void Tensor_LabelsThatDoNotFit_SayWhat(string file, string? content, string expected)
    {
        File.WriteAllBytes(At("x.f32"), new byte[3 * 24]);
        if (content is not null) File.WriteAllText(At(file), content);
        Exception e = Assert.ThrowsAny<IOException>(() => Throw());
        Assert.Contains(expected, e.Message);

        void Throw()
        {
            try
            {
                DataSpec.Parse($"tensor:{At("x.f32")},labels={At(file)}").Open([2, 3]);
            }
            catch (InvalidDataException invalid)
            {
                throw new IOException(invalid.Message, invalid);
            }
        }
    }

    void WriteNpy(string name, string type, string shape, double[] values, bool fortran = false)
    {
        string header = $"{{'descr': '{type}', 'fortran_order': {(fortran ? "True" : "False")}, 'shape': {shape}, }}";
        header = header.PadRight(117) + "\n";
        using FileStream stream = File.Create(At(name));
        using var writer = new BinaryWriter(stream);
        writer.Write([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, (byte)header.Length, 0]);
        writer.Write(System.Text.Encoding.ASCII.GetBytes(header));
        foreach (double value in values)
            switch (type[1..])
            {
                case "f4": writer.Write((float)value); break;
                case "f8": writer.Write(value); break;
                case "f2": writer.Write((Half)value); break;
                case "u1": writer.Write((byte)value); break;
                case "i4": writer.Write((int)value); break;
                default: writer.Write((long)value); break;
            }
    }

    string At(string name) => Path.Combine(_folder, name);
}
