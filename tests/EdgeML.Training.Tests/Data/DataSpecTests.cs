using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Data;

namespace EdgeML.Training.Tests.Data;

public class DataSpecTests
{
    static readonly int[] s_shape = [3, 96, 96];

    [Theory]
    [InlineData("shapes:", 1UL, ShapesDifficulty.Mixed, null)]
    [InlineData("shapes", 1UL, ShapesDifficulty.Mixed, null)]
    [InlineData("shapes:seed=9,difficulty=easy", 9UL, ShapesDifficulty.Easy, null)]
    [InlineData("shapes:difficulty=drift,seed=18446744073709551615,size=64", ulong.MaxValue, ShapesDifficulty.Drift, 64)]
    public void Parse_Shapes_KeysInAnyOrder(string text, ulong seed, ShapesDifficulty difficulty, int? size)
    {
        DataSpec spec = DataSpec.Parse(text);
        Assert.Equal(("shapes", seed, difficulty, size), (spec.Kind, spec.Seed, spec.Difficulty, spec.Size));
    }

    [Theory]
    [InlineData("mnist:x", "unknown kind 'mnist', known are shapes:, cifar10:, cifar100:, images:, tensor:")]
    [InlineData("", "unknown kind ''")]
    [InlineData("cifar10:", "a path is missing after 'cifar10:'")]
    [InlineData("tensor", "a path is missing after 'tensor:'")]
    [InlineData("tensor:,labels=x", "a path is missing after 'tensor:'")]
    [InlineData("tensor:x,labels=", "a path is missing after 'labels='")]
    [InlineData("cifar100:x,labels=odd", "labels 'odd' is none of fine, coarse")]
    [InlineData("shapes:sead=1", "unknown key 'sead', known are seed, difficulty, size, count")]
    [InlineData("shapes:seed=-1", "seed '-1' is not a whole number in 0..18446744073709551615")]
    [InlineData("shapes:seed", "seed '' is not a whole number")]
    [InlineData("shapes:seed=1,seed=2", "key 'seed' is given twice")]
    [InlineData("shapes:size=31", "size '31' is not a whole number in 32..256")]
    [InlineData("shapes:count=0", "count '0' is not a whole number in 1..")]
    [InlineData("shapes:difficulty=odd", "difficulty 'odd' is none of easy, hard, mixed, drift")]
    public void Parse_Malformed_SaysWhat(string text, string expected)
    {
        var e = Assert.Throws<ArgumentException>(() => DataSpec.Parse(text));
        Assert.Contains(expected, e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Theory]
    [InlineData("shapes:size=64", "gives 3x64x64, the network's input is 3x96x96")]
    public void Open_OtherSizeThanNetwork_SaysBoth(string text, string expected)
    {
        var e = Assert.Throws<InvalidDataException>(() => DataSpec.Parse(text).Open(s_shape));
        Assert.Contains(expected, e.Message);
    }

    [Fact]
    public void Open_PicturesForWhatIsNoPicture_SaysShape()
    {
        var e = Assert.Throws<InvalidDataException>(() => DataSpec.Parse("shapes:").Open([16, 28, 28]));
        Assert.Contains("gives pictures, the network's input is 16x28x28", e.Message);
        e = Assert.Throws<InvalidDataException>(() => DataSpec.Parse("shapes:").Open([3, 32, 64]));
        Assert.Contains("gives square pictures, the network's input is 3x32x64", e.Message);
    }

    [Theory]
    [InlineData("tensor:a.f32,labels=b.npy", "a.f32", "b.npy")]
    [InlineData("tensor:with,comma.f32", "with,comma.f32", null)]
    [InlineData("cifar100:train.bin", "train.bin", null)]
    [InlineData("cifar100:folder,labels=coarse", "folder", "coarse")]
    public void Parse_Labels_AreTakenOffThePath(string text, string path, string? labels)
    {
        DataSpec spec = DataSpec.Parse(text);
        Assert.Equal((path, labels), (spec.Path, spec.Labels));
    }

    [Theory]
    [InlineData("cifar10:/no/such")]
    [InlineData("tensor:/no/such")]
    public void Open_MissingFile_NamesIt(string text)
    {
        var e = Assert.Throws<FileNotFoundException>(() => DataSpec.Parse(text).Open(s_shape));
        Assert.Contains("/no/such", e.Message);
    }

    [Fact]
    public void Open_MissingFolderOfImages_NamesIt()
    {
        var e = Assert.Throws<DirectoryNotFoundException>(() => DataSpec.Parse("images:/no/such").Open(s_shape));
        Assert.Contains("/no/such", e.Message);
    }

    [Fact]
    public void Open_Drift_RunsOverTheCountOfTheCaller()
    {
        using var source = (ShapesSource)DataSpec.Parse("shapes:difficulty=drift").Open(s_shape, 200);
        Assert.Equal(200, source.Count);
        Assert.True(source.DifficultyOf(0) < 0.11f);
        Assert.True(source.DifficultyOf(199) > 0.89f);
    }

    [Fact]
    public void Open_Shapes_IsEndless()
    {
        using ImageSource source = DataSpec.Parse("shapes:").Open(s_shape, 200);
        Assert.Null(source.Count);
        Assert.Equal(3 * 96 * 96, source.Elements);
        Assert.Equal(10, source.ClassNames.Count);
    }
}
