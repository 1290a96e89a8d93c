using System.Runtime.CompilerServices;
using EdgeML.Native.Interop.Types;

namespace EdgeML.Native.Interop.Tests;

/// <summary>The same numbers stand in native/tests/abi_layout.c.</summary>
public unsafe class AbiLayoutTests
{
    static int Offset<T>(ref T start, void* field) where T : unmanaged => (int)((byte*)field - (byte*)Unsafe.AsPointer(ref start));

    [Fact]
    public void ContextDesc_Layout_IsTheHeaders()
    {
        var s = new ContextDescNative();
        Assert.Equal(72, sizeof(ContextDescNative));
        Assert.Equal(72u, s.StructSize);
        Assert.Equal(4, Offset(ref s, &s.Threads));
        Assert.Equal(8, Offset(ref s, &s.Flags));
        Assert.Equal(12, Offset(ref s, &s.Backend));
        Assert.Equal(16, Offset(ref s, &s.LibraryPath));
        Assert.Equal(24, Offset(ref s, &s.CachePath));
        Assert.Equal(32, Offset(ref s, &s.Log));
        Assert.Equal(40, Offset(ref s, &s.LogUser));
        Assert.Equal(48, Offset(ref s, &s.Device));
        Assert.Equal(52, Offset(ref s, &s.Route));
        Assert.Equal(56, Offset(ref s, &s.Cores));
        Assert.Equal(64, Offset(ref s, &s.CoreCount));
        Assert.Equal(68, Offset(ref s, &s.Priority));
    }

    [Fact]
    public void ContextInfo_Layout_IsTheHeaders()
    {
        var s = new ContextInfoNative();
        Assert.Equal(592, sizeof(ContextInfoNative));
        Assert.Equal(592u, s.StructSize);
        Assert.Equal(4, Offset(ref s, &s.Backend));
        Assert.Equal(8, Offset(ref s, &s.Threads));
        Assert.Equal(12, Offset(ref s, &s.Flags));
        Assert.Equal(16, Offset(ref s, s.BackendName));
        Assert.Equal(48, Offset(ref s, s.LibraryVersion));
        Assert.Equal(80, Offset(ref s, s.LibraryPath));
    }

    [Fact]
    public void TensorInfo_Layout_IsTheHeaders()
    {
        var s = new TensorInfoNative();
        Assert.Equal(344, sizeof(TensorInfoNative));
        Assert.Equal(344u, s.StructSize);
        Assert.Equal(4, Offset(ref s, &s.Dtype));
        Assert.Equal(8, Offset(ref s, &s.Rank));
        Assert.Equal(12, Offset(ref s, &s.NameBytes));
        Assert.Equal(16, Offset(ref s, s.Dims));
        Assert.Equal(80, Offset(ref s, &s.Bytes));
        Assert.Equal(88, Offset(ref s, s.Name));
    }

    [Fact]
    public void EngineDesc_Layout_IsTheHeaders()
    {
        var s = new EngineDescNative();
        Assert.Equal(48, sizeof(EngineDescNative));
        Assert.Equal(48u, s.StructSize);
        Assert.Equal(4, Offset(ref s, &s.Optimization));
        Assert.Equal(8, Offset(ref s, &s.Model));
        Assert.Equal(16, Offset(ref s, &s.ModelBytes));
        Assert.Equal(24, Offset(ref s, &s.Progress));
        Assert.Equal(32, Offset(ref s, &s.ProgressUser));
        Assert.Equal(40, Offset(ref s, &s.Folder));
    }

    [Fact]
    public void Join_Layout_IsTheHeaders()
    {
        var info = new WeightsInfoNative();
        Assert.Equal(16, sizeof(WeightsInfoNative));
        Assert.Equal(16u, info.StructSize);
        Assert.Equal(8, Offset(ref info, &info.CopiedBytes));
        var range = new RangeNative();
        Assert.Equal(24, sizeof(RangeNative));
        Assert.Equal(0, Offset(ref range, &range.Model));
        Assert.Equal(8, Offset(ref range, &range.ModelBytes));
        Assert.Equal(16, Offset(ref range, &range.ExitIndex));
        var s = new JoinDescNative();
        Assert.Equal(32, sizeof(JoinDescNative));
        Assert.Equal(32u, s.StructSize);
        Assert.Equal(4, Offset(ref s, &s.RangeCount));
        Assert.Equal(8, Offset(ref s, &s.Ranges));
        Assert.Equal(16, Offset(ref s, &s.CopyLimit));
        Assert.Equal(24, Offset(ref s, &s.Optimization));
    }

    [Fact]
    public void EngineInfo_Layout_IsTheHeaders()
    {
        var s = new EngineInfoNative();
        Assert.Equal(24, sizeof(EngineInfoNative));
        Assert.Equal(24u, s.StructSize);
        Assert.Equal(4, Offset(ref s, &s.Inputs));
        Assert.Equal(8, Offset(ref s, &s.Outputs));
        Assert.Equal(12, Offset(ref s, &s.Flags));
        Assert.Equal(16, Offset(ref s, &s.ResidentBytes));
    }

    [Fact]
    public void BufferView_Layout_IsTheHeaders()
    {
        var s = new BufferViewNative();
        Assert.Equal(32, sizeof(BufferViewNative));
        Assert.Equal(32u, s.StructSize);
        Assert.Equal(8, Offset(ref s, &s.Data));
        Assert.Equal(16, Offset(ref s, &s.Bytes));
        Assert.Equal(24, Offset(ref s, &s.Headroom));
    }

    [Fact]
    public void Decision_Layout_IsTheHeaders()
    {
        var s = new DecisionNative();
        Assert.Equal(24, sizeof(DecisionNative));
        Assert.Equal(24u, s.StructSize);
        Assert.Equal(4, Offset(ref s, &s.Flags));
        Assert.Equal(8, Offset(ref s, &s.Label));
        Assert.Equal(12, Offset(ref s, &s.Entropy));
        Assert.Equal(16, Offset(ref s, &s.Confidence));
        Assert.Equal(20, Offset(ref s, &s.Margin));
    }

    [Fact]
    public void Stage_Layout_IsTheHeaders()
    {
        var s = new StageNative();
        Assert.Equal(40, sizeof(StageNative));
        Assert.Equal(40u, s.StructSize);
        Assert.Equal(4, Offset(ref s, &s.Flags));
        Assert.Equal(8, Offset(ref s, &s.BoundaryOutput));
        Assert.Equal(12, Offset(ref s, &s.LogitsOutput));
        Assert.Equal(16, Offset(ref s, &s.ExitIndex));
        Assert.Equal(20, Offset(ref s, &s.Classes));
        Assert.Equal(24, Offset(ref s, &s.Gates));
        Assert.Equal(32, Offset(ref s, &s.GateCount));
    }

    [Fact]
    public void Gate_Layout_IsTheHeaders()
    {
        var s = default(GateNative);
        Assert.Equal(24, sizeof(GateNative));
        Assert.Equal(0, Offset(ref s, &s.ExitIndex));
        Assert.Equal(4, Offset(ref s, &s.Classes));
        Assert.Equal(8, Offset(ref s, &s.LogitsOutput));
        Assert.Equal(16, Offset(ref s, &s.Logits));
    }

    [Fact]
    public void RunDesc_Layout_IsTheHeaders()
    {
        var s = new RunDescNative();
        Assert.Equal(64, sizeof(RunDescNative));
        Assert.Equal(64u, s.StructSize);
        Assert.Equal(4, Offset(ref s, &s.Flags));
        Assert.Equal(8, Offset(ref s, &s.Thresholds));
        Assert.Equal(16, Offset(ref s, &s.ThresholdCount));
        Assert.Equal(20, Offset(ref s, &s.FirstStage));
        Assert.Equal(24, Offset(ref s, &s.StageCount));
        Assert.Equal(28, Offset(ref s, &s.StageNsCapacity));
        Assert.Equal(32, Offset(ref s, &s.StageNs));
        Assert.Equal(40, Offset(ref s, &s.Input));
        Assert.Equal(48, Offset(ref s, &s.Said));
        Assert.Equal(56, Offset(ref s, &s.SaidCount));
    }

    [Fact]
    public void ExitRule_Layout_IsTheHeaders()
    {
        var s = new ExitRuleNative();
        Assert.Equal(32, sizeof(ExitRuleNative));
        Assert.Equal(32u, s.StructSize);
        Assert.Equal(4, Offset(ref s, &s.Kind));
        Assert.Equal(8, Offset(ref s, &s.Patience));
        Assert.Equal(16, Offset(ref s, &s.Uncertainty));
        Assert.Equal(24, Offset(ref s, &s.User));
    }

    [Fact]
    public void BatchDesc_Layout_IsTheHeaders()
    {
        var row = new RowNative();
        Assert.Equal(24, sizeof(RowNative));
        Assert.Equal(0, Offset(ref row, &row.Input));
        Assert.Equal(8, Offset(ref row, &row.Thresholds));
        Assert.Equal(16, Offset(ref row, &row.ThresholdCount));
        var s = new BatchDescNative();
        Assert.Equal(32, sizeof(BatchDescNative));
        Assert.Equal(32u, s.StructSize);
        Assert.Equal(4, Offset(ref s, &s.RowCount));
        Assert.Equal(8, Offset(ref s, &s.Rows));
        Assert.Equal(16, Offset(ref s, &s.FirstStage));
        Assert.Equal(20, Offset(ref s, &s.StageCount));
        Assert.Equal(24, Offset(ref s, &s.Said));
    }

    [Fact]
    public void RunResult_Layout_IsTheHeaders()
    {
        var s = new RunResultNative();
        Assert.Equal(216, sizeof(RunResultNative));
        Assert.Equal(216u, s.StructSize);
        Assert.Equal(4, Offset(ref s, &s.Flags));
        Assert.Equal(8, Offset(ref s, &s.Outcome));
        Assert.Equal(12, Offset(ref s, &s.ExitIndex));
        Assert.Equal(16, Offset(ref s, &s.Label));
        Assert.Equal(20, Offset(ref s, &s.Entropy));
        Assert.Equal(24, Offset(ref s, &s.Confidence));
        Assert.Equal(28, Offset(ref s, &s.Margin));
        Assert.Equal(32, Offset(ref s, &s.StagesRun));
        Assert.Equal(36, Offset(ref s, &s.LastStage));
        Assert.Equal(40, Offset(ref s, &s.TotalNs));
        Assert.Equal(48, Offset(ref s, s.ExitEntropy));
        Assert.Equal(112, Offset(ref s, s.ExitLabel));
        Assert.Equal(176, Offset(ref s, &s.Logits));
        Assert.Equal(184, Offset(ref s, &s.LogitCount));
        Assert.Equal(192, Offset(ref s, &s.Cut));
        Assert.Equal(200, Offset(ref s, &s.CutBytes));
        Assert.Equal(208, Offset(ref s, &s.Route));
    }

    [Fact]
    public void DeviceInfo_Layout_IsTheHeaders()
    {
        var s = new DeviceInfoNative();
        Assert.Equal(1224, sizeof(DeviceInfoNative));
        Assert.Equal(1224u, s.StructSize);
        Assert.Equal(24, Offset(ref s, &s.Route));
        Assert.Equal(32, Offset(ref s, &s.Bytes));
        Assert.Equal(40, Offset(ref s, s.Name));
        Assert.Equal(168, Offset(ref s, s.PciBusId));
        Assert.Equal(200, Offset(ref s, s.DriverPath));
        Assert.Equal(712, Offset(ref s, s.RouteNote));
    }

    /// <summary>Names of <c>edgeml_outputs_*</c> before ABI 1.7, exported for programs in C.</summary>
    static readonly string[] s_oldNames = ["edgeml_probe_create", "edgeml_probe_destroy", "edgeml_probe_get_output"];

    [Fact]
    public void Imports_AllOfThem_AreTheExports()
    {
        var imported = typeof(NativeMethods).GetMethods(System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)
            .Select(m => m.Name).Where(n => char.IsUpper(n[0])).Order(StringComparer.Ordinal);
        string[] listed = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "exports.txt"));
        Assert.Subset(new HashSet<string>(listed), new HashSet<string>(s_oldNames));
        var exported = listed.Except(s_oldNames)
            .Select(line => string.Concat(line["edgeml_".Length..].Split('_').Select(w => char.ToUpperInvariant(w[0]) + w[1..])))
            .Order(StringComparer.Ordinal);
        Assert.Equal(exported, imported);
    }
}
