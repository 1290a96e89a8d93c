using System.Numerics;
using System.Runtime.InteropServices;
using Arm = System.Runtime.Intrinsics.Arm;
using X86 = System.Runtime.Intrinsics.X86;

namespace EdgeML.Cli.Diagnostics;

/// <summary>Processor and system.</summary>
static class ProcessorSearch
{
    public static IEnumerable<Finding> Find()
    {
        yield return Row("processor", $"{Model}, {Environment.ProcessorCount} of its threads usable");
        yield return Row("vector units", $"{string.Join(", ", Features())}; Vector<T> has {Vector<byte>.Count * 8} bits");
        yield return Row("memory", $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30):0.0} GiB usable");
        yield return Row("system",
            $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}");
        yield return Row(".NET", $"{Environment.Version}, {RuntimeInformation.RuntimeIdentifier}");
    }

    /// <summary>Name of the processor as the system gives it.</summary>
    public static string Model
    {
        get
        {
            try
            {
                string? line = File.Exists("/proc/cpuinfo")
                    ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(text => text.StartsWith("model name", StringComparison.Ordinal)
                        || text.StartsWith("Model", StringComparison.Ordinal))
                    : Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
                if (line is not null) return line[(line.IndexOf(':') + 1)..].Trim();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return "processor of unknown name";
            }
            return "processor of unknown name";
        }
    }

    static Finding Row(string name, string value) => new("machine", name, true, value, []);

    static List<string> Features()
    {
        var features = new List<string>();
        Add(X86.Sse42.IsSupported, "SSE4.2");
        Add(X86.Avx2.IsSupported, "AVX2");
        Add(X86.Fma.IsSupported, "FMA");
        Add(X86.Avx512F.IsSupported, "AVX-512F");
        Add(X86.AvxVnni.IsSupported, "AVX-VNNI");
        Add(Arm.AdvSimd.IsSupported, "NEON");
        Add(Arm.Dp.IsSupported, "dot product");
        if (features.Count == 0) features.Add("none known");
        return features;

        void Add(bool supported, string name)
        {
            if (supported) features.Add(name);
        }
    }
}
