using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Inference.Engines;

/// <summary>A model's exit rule as chains take it. Chains that ask a custom one keep their model, and the model keeps this. Any
/// thread.</summary>
sealed unsafe class ExitRuleHook
{
    readonly ICustomExitRule? _custom;
    readonly GCHandle _self;
    int _failed;

    /// <param name="rule">Of the package.</param>
    /// <param name="custom">The program's, where the rule is one of those.</param>
    public ExitRuleHook(ExitRule rule, ICustomExitRule? custom)
    {
        (Rule, _custom) = (rule, custom);
        // Weak: this object must not keep itself.
        if (custom is not null) _self = GCHandle.Alloc(this, GCHandleType.Weak);
    }

    ~ExitRuleHook()
    {
        if (_self.IsAllocated) _self.Free();
    }

    public ExitRule Rule { get; }

    /// <summary>The first exception of the custom rule.</summary>
    public BackgroundFaults Faults { get; } = new();

    /// <summary>The rule of a package, with the program's own where it is one.</summary>
    /// <exception cref="ArgumentException">The package wants a rule that is not given, or another one than is given.</exception>
    public static ExitRuleHook Of(ModelManifest manifest, BackendOptions options)
    {
        ExitRule rule = manifest.ExitRule;
        ICustomExitRule? given = options.CustomExitRule;
        if (rule.Kind == ExitRuleKind.Custom && !options.WithoutCustomExitRule && given?.Name != rule.Name)
            throw new ArgumentException(
                $"model {manifest.Name} decides about its exits by {rule}, and {(given is null ? "no rule of the program is" : $"the rule '{given.Name}' is")} "
                + $"given: load it in a program with {nameof(BackendOptions)}.{nameof(BackendOptions.CustomExitRule)}, or prepare it with another --exit-rule");
        if (rule.Kind != ExitRuleKind.Custom && given is not null)
            throw new ArgumentException(
                $"the exit rule '{given.Name}' is given, and model {manifest.Name} decides by {rule}; prepare it with --exit-rule custom:{given.Name}");
        return new ExitRuleHook(options.WithoutCustomExitRule && rule.Kind == ExitRuleKind.Custom ? default : rule, given);
    }

    /// <summary>Makes a chain decide by a rule.</summary>
    /// <param name="chain">New.</param>
    /// <param name="rule">The model's, or a built-in one.</param>
    public void Set(ChainHandle chain, ExitRule rule)
    {
        if (rule.Kind == ExitRuleKind.Entropy) return;
        var native = new ExitRuleNative
        {
            Kind = (NativeExitRule)rule.Kind,
            Patience = rule.Kind == ExitRuleKind.Patience ? (uint)rule.Patience : 0,
            Uncertainty = rule.Kind == ExitRuleKind.Custom ? &Ask : null,
            User = rule.Kind == ExitRuleKind.Custom ? (void*)GCHandle.ToIntPtr(_self) : null,
        };
        NativeError.Check(NativeMethods.ChainSetRule(chain, native));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    [SuppressMessage("Design", "CA1031", Justification = "no exception may cross the C interface")]
    static float Ask(void* user, uint exit, float* output, ulong count)
    {
        ExitRuleHook? hook = null;
        try
        {
            hook = (ExitRuleHook?)GCHandle.FromIntPtr((nint)user).Target;
            return hook is null ? float.NaN : hook._custom!.Uncertainty((int)exit, new ReadOnlySpan<float>(output, checked((int)count)));
        }
        catch (Exception e)
        {
            hook?.Report((int)exit, e);
            return float.NaN;
        }
    }

    void Report(int exit, Exception error)
    {
        if (Interlocked.Exchange(ref _failed, 1) == 0)
            Faults.Add("exit rule", $"{Rule} failed at exit {exit}, which did not answer; further failures are not listed", error);
    }
}
