using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Tests.Inference.Sessions;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Native.Tests.Preparation.Graph;

namespace EdgeML.Native.Tests.Models.Packages;

/// <summary>A signed package opens by its key; any other package, and any change, is refused with one line.</summary>
public sealed class SignatureTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public SignatureTests()
    {
        ModelPreparation.Prepare(_folder.Write("m.onnx", Graphs.All["residual"]().Bytes), Package, null, new ShapeRunner());
        PackageSigner.NewKey(_folder["a.pem"], _folder["a.pub.pem"]);
        PackageSigner.NewKey(_folder["b.pem"], _folder["b.pub.pem"]);
    }

    string Package => _folder["package"];

    TrustedKeys Trusted => TrustedKeys.Load(_folder["a.pub.pem"]);

    public void Dispose() => _folder.Dispose();

    string Refusal(TrustedKeys? trusted = null)
    {
        string message = Assert.Throws<InvalidDataException>(() => ModelPackage.Open(Package, trusted ?? Trusted)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    void WriteExtras()
    {
        using ModelPackage package = ModelPackage.Open(Package);
        package.SaveProfile(new DeviceProfile { Device = "d", UnitMs = [.. package.Manifest.Units.Select(_ => 1.0)], HeadMs = [1.0] });
        package.SaveCalibration(new ExitCalibration(2, [0.25f, 0.5f, 0.75f, 1f], [true, false, true, false], "s", true));
        package.SaveBottlenecks([TestBottlenecks.Make(package.Manifest, 1)]);
    }

    [Fact]
    public void SignedPackage_OpensByItsKeyAndWithoutKeys()
    {
        WriteExtras();
        (string id, int files) = PackageSigner.Sign(Package, _folder["a.pem"]);
        Assert.Equal((Assert.Single(Trusted.Ids), 6), (id, files));
        using (ModelPackage package = ModelPackage.Open(Package, Trusted))
            Assert.Equal(new PackageSignature(id, IsTrusted: true, Fault: null), package.Signature);
        using (ModelPackage package = ModelPackage.Open(Package, TrustedKeys.Load(_folder["b.pub.pem"], _folder["a.pub.pem"])))
            Assert.True(package.Signature!.IsTrusted);
        using (ModelPackage package = ModelPackage.Open(Package))
            Assert.Equal(new PackageSignature(id, IsTrusted: false, Fault: null), package.Signature);
        Assert.Contains("not signed", RefusalOf(() => File.Delete(Path.Combine(Package, "signature.json"))));
    }

    string RefusalOf(Action change)
    {
        change();
        return Refusal();
    }

    [Fact]
    public void OtherKey_IsRefused()
    {
        (string id, _) = PackageSigner.Sign(Package, _folder["b.pem"]);
        Assert.Contains(id[..20], Refusal());
        // The name of a trusted key in the file is not its signature.
        string path = Path.Combine(Package, "signature.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace(id, Trusted.Ids.Single(), StringComparison.Ordinal));
        Assert.Contains("damaged or forged", Refusal());
    }

    [Fact]
    public void AnyChangedByteOfAnyFile_IsRefused()
    {
        WriteExtras();
        PackageSigner.Sign(Package, _folder["a.pem"]);
        TrustedKeys trusted = Trusted;
        var random = new Random(31);
        foreach (string file in Directory.GetFiles(Package))
        {
            byte[] good = File.ReadAllBytes(file);
            for (int round = 0; round < 40; round++)
            {
                byte[] damaged = (byte[])good.Clone();
                int at = random.Next(damaged.Length);
                damaged[at] ^= (byte)(1 << random.Next(8));
                File.WriteAllBytes(file, damaged);
                try
                {
                    // White space of the signature's own file is not part of it.
                    using ModelPackage package = ModelPackage.Open(Package, trusted);
                    Assert.EndsWith("signature.json", file);
                    Assert.True(char.IsWhiteSpace((char)good[at]), $"byte {at} of the signature's file");
                }
                catch (InvalidDataException e)
                {
                    Assert.DoesNotContain('\n', e.Message);
                }
            }
            File.WriteAllBytes(file, good.AsSpan(0, good.Length - 1).ToArray());
            Refusal(trusted);
            File.Delete(file);
            Refusal(trusted);
            File.WriteAllBytes(file, good);
        }
        ModelPackage.Open(Package, trusted).Dispose();
    }

    [Fact]
    public void FilesOfAnotherPackageByTheSameKey_AreRefused()
    {
        // Both are signed and whole; what one of them lacks must not come from the other.
        PackageSigner.Sign(Package, _folder["a.pem"]);
        byte[] without = File.ReadAllBytes(Path.Combine(Package, "signature.json"));
        WriteExtras();
        Assert.False(File.Exists(Path.Combine(Package, "signature.json")));
        PackageSigner.Sign(Package, _folder["a.pem"]);
        byte[] with = File.ReadAllBytes(Path.Combine(Package, "signature.json"));

        File.WriteAllBytes(Path.Combine(Package, "signature.json"), without);
        Assert.Contains("added after signing", Refusal());
        File.WriteAllBytes(Path.Combine(Package, "signature.json"), with);
        File.Delete(Path.Combine(Package, "device.json"));
        Assert.Contains("device.json was signed and is missing", Refusal());
        File.WriteAllBytes(Path.Combine(Package, "signature.json"), without);
        File.Delete(Path.Combine(Package, "calibration.csv"));
        File.Delete(Path.Combine(Package, "bottlenecks.json"));
        ModelPackage.Open(Package, Trusted).Dispose();
    }

    [Fact]
    public void FileOfNoPackage_IsRefusedBySignerAndByTheOpenedOne()
    {
        File.WriteAllText(Path.Combine(Package, "notes.txt"), "x");
        Assert.Contains("notes.txt", Assert.Throws<InvalidDataException>(() => PackageSigner.Sign(Package, _folder["a.pem"])).Message);
        File.Delete(Path.Combine(Package, "notes.txt"));
        PackageSigner.Sign(Package, _folder["a.pem"]);
        File.Move(Path.Combine(Package, "model.json"), Path.Combine(Package, "model2.json"));
        File.Copy(Path.Combine(Package, "model2.json"), Path.Combine(Package, "model.json"));
        Assert.Contains("model2.json was added after signing", Refusal());
    }

    [Fact]
    public void DamagedSignature_WithoutKeys_IsOnlyNoted()
    {
        PackageSigner.Sign(Package, _folder["a.pem"]);
        string path = Path.Combine(Package, "signature.json");
        byte[] good = File.ReadAllBytes(path);
        foreach (byte[] bad in (byte[][])[[], [0], "{}"u8.ToArray(), "null"u8.ToArray(), good[..^5], new byte[100_000]])
        {
            File.WriteAllBytes(path, bad);
            using (ModelPackage package = ModelPackage.Open(Package)) Assert.NotNull(package.Signature!.Fault);
            Refusal();
        }
    }

    [Fact]
    public void Change_EndsTheSignature()
    {
        PackageSigner.Sign(Package, _folder["a.pem"]);
        using ModelPackage package = ModelPackage.Open(Package, Trusted);
        package.SaveCalibration(new ExitCalibration(2, [0.25f, 0.5f], [true, false], "s", true));
        Assert.Null(package.Signature);
        Assert.Contains("not signed", Refusal());
    }

    [Fact]
    public void NewKey_IsReadableByItsOwnerOnlyAndReplacesNothing()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "files have no mode there");
#pragma warning disable CA1416
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["a.pem"]));
#pragma warning restore CA1416
        Assert.Throws<IOException>(() => PackageSigner.NewKey(_folder["a.pem"], _folder["c.pub.pem"]));
        Assert.Throws<IOException>(() => PackageSigner.NewKey(_folder["c.pem"], _folder["a.pub.pem"]));
        Assert.False(File.Exists(_folder["c.pem"]));
    }

    [Fact]
    public void WrongKeyFiles_AreRefusedWithTheirName()
    {
        using ECDsa large = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using RSA rsa = RSA.Create(2048);
        string curve = _folder.Write("p384.pem", Encoding.ASCII.GetBytes(large.ExportSubjectPublicKeyInfoPem()));
        string kind = _folder.Write("rsa.pem", Encoding.ASCII.GetBytes(rsa.ExportSubjectPublicKeyInfoPem()));
        string text = _folder.Write("text.pem", "no key"u8.ToArray());
        string empty = _folder.Write("empty.pem", []);
        foreach (string path in (string[])[curve, kind, text, empty, _folder["a.pem"]])
            Assert.Contains(
                Path.GetFileName(path), Assert.Throws<InvalidDataException>(() => TrustedKeys.Load(path)).Message);
        Assert.Contains(
            "a.pub.pem", Assert.Throws<InvalidDataException>(() => PackageSigner.Sign(Package, _folder["a.pub.pem"])).Message);
        Assert.Throws<FileNotFoundException>(() => TrustedKeys.Load(_folder["none.pem"]));
        Assert.Throws<ArgumentException>(() => TrustedKeys.Load());
    }

    /// <summary>Opening a pipe waits for its writer, deaf to signals.</summary>
    [Theory]
    [InlineData("model.json")]
    [InlineData("graph.onnx")]
    [InlineData("weights.bin")]
    [InlineData("device.json")]
    [InlineData("calibration.csv")]
    [InlineData("promise.json")]
    [InlineData("bottlenecks.json")]
    [InlineData("signature.json")]
    public async Task PipeOrDeviceAsAFile_IsRefusedAtOnce(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no mkfifo there");
        string path = Path.Combine(Package, name);
        File.Delete(path);
        using (Process made = Process.Start("mkfifo", [path])) await made.WaitForExitAsync(TestContext.Current.CancellationToken);
        await RefusedAsync();
        // By a link as well, and what has no end.
        File.Move(path, _folder["pipe"]);
        File.CreateSymbolicLink(path, _folder["pipe"]);
        await RefusedAsync();
        File.Delete(path);
        File.CreateSymbolicLink(path, "/dev/zero");
        await RefusedAsync();

        async Task RefusedAsync()
        {
            // A call that hangs would hold the test's thread for ever.
            Task<string?> opened = Task.Run(() =>
            {
                try
                {
                    using ModelPackage package = ModelPackage.Open(Package);
                    return package.Signature?.Fault;
                }
                catch (InvalidDataException e)
                {
                    return e.Message;
                }
            });
            string? refusal = await opened.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            Assert.Contains(name, refusal);
            Assert.DoesNotContain('\n', refusal!);
        }
    }
}
