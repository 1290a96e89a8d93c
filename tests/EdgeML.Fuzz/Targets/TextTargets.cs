using System.Buffers.Binary;
using System.Text;
using EdgeML.Native.Control.Learning.Traces;
using EdgeML.Native.Models.Manifest;
using EdgeML.Simulation.Links;
using EdgeML.Simulation.Replay;
using EdgeML.Training.Data;

namespace EdgeML.Fuzz.Targets;

/// <summary>Files that commands read: class names, labels, courses of a link, profiles, recorded exits, traces of a controller, and data
/// specifications.</summary>
static class TextTargets
{
    const int Samples = 3;

    static readonly string[] s_classes = ["cat", "dog", "great owl", "1"];

    public static IEnumerable<FuzzTarget> All { get; } =
    [
        new("classes", "files of class names", 20_000, ReadClasses, ClassSeeds) { IsText = true, AllocatedPerByte = 1024 },
        new("labels", "files of labels", 30_000, ReadLabels, LabelSeeds) { IsText = true },
        new("link", "courses of a link", 30_000, ReadLink, () => [("link", "seconds,mbps,rttMs,tailFactor\n0,15,12,1\n1.5,0,20,1\n2,3.25,8,2\n"u8.ToArray())]) { IsText = true, AllocatedPerByte = 1024 },
        new("profile", "profiles for simulations", 20_000, ReadProfile, () => [("profile", Encoding.UTF8.GetBytes(Profile))]) { IsText = true, AllocatedPerByte = 1024 },
        new("exits", "recorded exits", 30_000, ReadExits, () => [("exits", "index,label,pred1,entropy1,pred2,entropy2\n0,1,1,0.5,1,0.25\n1,-1,3,1.0001,2,0\n"u8.ToArray())]) { IsText = true, AllocatedPerByte = 1024 },
        new("trace", "traces of a controller", 50_000, ReadTrace, TraceSeeds),
        new("spec", "data specifications", 50_000, ReadSpec, SpecSeeds) { IsText = true },
    ];

    static string Profile => """
        kind,index,name,after_unit,mmac,out_bytes_fp32,edge_ms_tx2,cloud_ms
        input,0,input,,0,3072,0,0
        unit,1,conv1,,1.5,4096,2.5,0.25
        unit,2,conv2,,3,2048,5,0.5
        unit,3,fc,,0.25,16,0.5,0.125
        head,1,exit1,1,0.1,16,0.25,0.0625

        """;

    static bool ReadClasses(ReadOnlyMemory<byte> data)
    {
        IReadOnlyList<string> names = ClassNames.Read(ScratchFile.Of("classes.txt", data));
        string text = ClassNames.ToMetadata(names);
        IReadOnlyList<string> again = ClassNames.FromMetadata([KeyValuePair.Create(ClassNames.MetadataKey, text)], names.Count, out _);
        FindException.Require(names.SequenceEqual(again), $"names are kept as {text}, which is read as {string.Join('|', again)}");
        return true;
    }

    static bool ReadLabels(ReadOnlyMemory<byte> data)
    {
        if (data.IsEmpty) return false;
        string ending = (data.Span[0] % 3) switch { 0 => "txt", 1 => "npy", _ => "bin" };
        int[] labels = LabelFile.Read(ScratchFile.Of($"labels.{ending}", data[1..]), Samples, s_classes);
        FindException.Require(labels.Length == Samples && Array.TrueForAll(labels, label => label >= 0), $"labels {string.Join(' ', labels)}");
        return true;
    }

    static bool ReadLink(ReadOnlyMemory<byte> data)
    {
        LinkTrace trace = LinkTrace.Parse(new StringReader(Encoding.UTF8.GetString(data.Span)), "link.csv");
        foreach (double at in (double[])[0, 0.5, 1e3, 1e300])
            FindException.Require(trace.SecondsToSend(at, 1e6) >= 0, $"a megabit takes {trace.SecondsToSend(at, 1e6)} s from second {at}");
        return true;
    }

    static bool ReadProfile(ReadOnlyMemory<byte> data)
    {
        ReplayProfile profile;
        try
        {
            profile = ProfileFile.Parse(new StringReader(Encoding.UTF8.GetString(data.Span)), "profile.csv", null);
        }
        catch (ArgumentException e) when (e.Message.EndsWith("one must be chosen", StringComparison.Ordinal))
        {
            return false;
        }
        FindException.Require(profile.Manifest.ToString().Length > 0 && profile.Manifest.CutsDigest.Length == 64, "a network without units");
        return true;
    }

    static bool ReadExits(ReadOnlyMemory<byte> data)
    {
        ExitCalibration exits = ExitsFile.Parse(new StringReader(Encoding.UTF8.GetString(data.Span)), "exits.csv");
        FindException.Require(exits.Samples > 0 && Array.TrueForAll(exits.Entropies, each => each is >= 0 and <= 1), $"{exits}");
        return true;
    }

    static bool ReadTrace(ReadOnlyMemory<byte> data)
    {
        byte[] bytes = data.ToArray();
        // The checksum is made right: damage gets past it.
        if (bytes.Length > sizeof(ulong)) BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(bytes.Length - sizeof(ulong)), Checksum(bytes.AsSpan(0, bytes.Length - sizeof(ulong))));
        TransitionTrace trace = TransitionTrace.Load(ScratchFile.Of("trace.bin", bytes));
        using var written = new MemoryStream();
        TransitionTraceFormat.Write(trace, written);
        FindException.Require(written.ToArray().AsSpan().SequenceEqual(bytes), $"a trace of {bytes.Length} bytes is written in {written.Length} others");
        return true;
    }

    static bool ReadSpec(ReadOnlyMemory<byte> data)
    {
        string text = Encoding.UTF8.GetString(data.Span);
        try
        {
            DataSpec spec = DataSpec.Parse(text);
            FindException.Require(spec.Text == text && spec == DataSpec.Parse(spec.Text), $"{spec}");
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    static ulong Checksum(ReadOnlySpan<byte> bytes)
    {
        ulong sum = 14695981039346656037;
        foreach (byte value in bytes) sum = (sum ^ value) * 1099511628211;
        return sum;
    }

    static IEnumerable<(string, byte[])> ClassSeeds() =>
    [
        ("list", "[\"cat\", \"d\\u00f6g\", 3]"u8.ToArray()),
        ("map", "{\"id2label\": {\"0\": \"cat\", \"1\": \"dog\"}, \"other\": 1}"u8.ToArray()),
        ("synsets", "{\"0\": [\"n01\", \"cat\"], \"1\": [\"n02\", \"dog\"]}"u8.ToArray()),
        ("python", "{0: 'cat', 1: \"d\\u00f6g\", 2: u'\\x41\\n',}"u8.ToArray()),
        ("lines", "cat\r\ndog, hound\n\n"u8.ToArray()),
    ];

    static IEnumerable<(string, byte[])> LabelSeeds()
    {
        yield return ("text", [0, .. "label\ncat\n\"great owl\"\nDOG\n"u8]);
        yield return ("numbers", [0, .. "0\n2\n3\n"u8]);
        byte[] header = Encoding.ASCII.GetBytes("{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }".PadRight(117) + "\n");
        yield return ("npy", [1, 0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. header, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]);
        yield return ("raw", [2, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]);
    }

    static IEnumerable<(string, byte[])> TraceSeeds()
    {
        var origin = new TransitionTraceOrigin { Model = "sha256:ab", StateSize = 8, ActionSize = 3, Cuts = 4, LocalMs = 12.5, LocalJ = 0.25, Bounds = new(20, double.PositiveInfinity) };
        int stride = TransitionTrace.StrideOf(origin);
        float[] rows = [.. Enumerable.Range(0, 2 * stride).Select(i => (i % stride) switch { 12 => 1.5f, 13 => float.NaN, _ => 0.25f })];
        using var stream = new MemoryStream();
        TransitionTraceFormat.Write(new TransitionTrace(origin, rows), stream);
        yield return ("trace", stream.ToArray());
    }

    static IEnumerable<(string, byte[])> SpecSeeds() =>
    [
        ("shapes", "shapes:seed=3,difficulty=drift,size=32,count=1000"u8.ToArray()),
        ("cifar", "cifar100:data/x.bin,labels=coarse"u8.ToArray()),
        ("tensor", "tensor:a.npy,labels=b.txt"u8.ToArray()),
        ("images", "images:pictures"u8.ToArray()),
    ];
}
