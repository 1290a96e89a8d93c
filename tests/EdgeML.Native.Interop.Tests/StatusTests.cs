using EdgeML.Native.Interop.Types;

namespace EdgeML.Native.Interop.Tests;

public unsafe class StatusTests
{
    public StatusTests() => NativeLibraryLoader.EnsureLoaded();

    [Fact]
    public void Check_FailedCall_ThrowsStatusAndNativeText()
    {
        using ContextHandle context = TinyNetwork.CreateContext();
        using var noWeights = new WeightsHandle();
        var e = Assert.Throws<NativeException>(
            () => NativeError.Check(TinyNetwork.TryLoad(out _, context, noWeights, TinyNetwork.Model("unknown"))));
        Assert.Equal(NativeStatus.Unsupported, e.Status);
        Assert.Equal("dimension 1 of input x is unknown", e.Message);
    }

    [Fact]
    public void Check_MissingOnnxRuntime_NamesTheFile()
    {
        fixed (byte* path = "/nowhere/libonnxruntime.so.1\0"u8)
        {
            NativeStatus status = NativeMethods.ContextCreate(out ContextHandle context, new ContextDescNative { LibraryPath = path });
            var e = Assert.Throws<NativeException>(() => NativeError.Check(status));
            Assert.Equal(NativeStatus.BackendMissing, e.Status);
            Assert.Contains("/nowhere/libonnxruntime.so.1", e.Message, StringComparison.Ordinal);
            Assert.True(context.IsInvalid);
        }
    }

    [Fact]
    public void AnyCall_DefaultStruct_IsRefused()
    {
        NativeStatus status = NativeMethods.ContextCreate(out _, default);
        Assert.Equal(NativeStatus.StructSize, status);
    }

    [Fact]
    public void EnsureLoaded_TheLibraryOfThisBuild_StandsBesideTheAssembly()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable(NativeLibraryLoader.PathVariable) is not null, "EDGEML_NATIVE chooses another library");
        Assert.StartsWith(AppContext.BaseDirectory, NativeLibraryLoader.LoadedPath, StringComparison.Ordinal);
        Assert.Equal(NativeLibraryLoader.AbiMajor << 16 | NativeLibraryLoader.AbiMinor, NativeMethods.AbiVersion());
    }

    [Theory]
    [InlineData(NativeStatus.Ok, "EDGEML_OK")]
    [InlineData(NativeStatus.InvalidArgument, "EDGEML_E_INVALID_ARGUMENT")]
    [InlineData(NativeStatus.StructSize, "EDGEML_E_STRUCT_SIZE")]
    [InlineData(NativeStatus.BackendMissing, "EDGEML_E_BACKEND_MISSING")]
    [InlineData(NativeStatus.BackendVersion, "EDGEML_E_BACKEND_VERSION")]
    [InlineData(NativeStatus.ModelRejected, "EDGEML_E_MODEL_REJECTED")]
    [InlineData(NativeStatus.Unsupported, "EDGEML_E_UNSUPPORTED")]
    [InlineData(NativeStatus.Mismatch, "EDGEML_E_MISMATCH")]
    [InlineData(NativeStatus.Busy, "EDGEML_E_BUSY")]
    [InlineData(NativeStatus.OutOfMemory, "EDGEML_E_OUT_OF_MEMORY")]
    [InlineData(NativeStatus.RunFailed, "EDGEML_E_RUN_FAILED")]
    [InlineData(NativeStatus.DeviceLost, "EDGEML_E_DEVICE_LOST")]
    [InlineData(NativeStatus.Internal, "EDGEML_E_INTERNAL")]
    public void StatusName_EveryStatus_IsTheHeaders(NativeStatus status, string name) =>
        Assert.Equal(name, System.Text.Encoding.UTF8.GetString(
            System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(NativeMethods.StatusName(status))));
}
