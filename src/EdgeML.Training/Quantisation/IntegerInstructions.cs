using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace EdgeML.Training.Quantisation;

/// <summary>The instructions by which this processor multiplies integers of 8 bits.</summary>
static class IntegerInstructions
{
    const int Structured = 7, Avx512VnniBit = 11, AvxVnniBit = 4;

    /// <summary>Whether it adds four products to 32 bits in one step, without saturation on the way.</summary>
    internal static bool HasVnni => HasAvx512Vnni || HasAvxVnni;

    /// <summary>For people.</summary>
    internal static string Name =>
        HasAvx512Vnni ? "AVX-512 VNNI"
        : HasAvxVnni ? "AVX-VNNI"
        : Avx512BW.IsSupported ? "AVX-512 without VNNI"
        : Avx2.IsSupported ? "AVX2 without VNNI"
        : Dp.IsSupported ? "NEON dot product"
        : AdvSimd.IsSupported ? "NEON without dot product"
        : RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    static bool HasAvx512Vnni => Avx512BW.IsSupported && (X86Base.CpuId(Structured, 0).Ecx & (1 << Avx512VnniBit)) != 0;

    static bool HasAvxVnni => Avx2.IsSupported && (X86Base.CpuId(Structured, 1).Eax & (1 << AvxVnniBit)) != 0;
}
