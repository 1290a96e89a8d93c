using System.Globalization;
using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;

namespace EdgeML.Simulation.Validation;

/// <summary>A fixed policy and how its cut tensor travels: one row of a validation.</summary>
/// <param name="Policy">Thresholds and cut.</param>
/// <param name="Codec">Of cut tensors; cut 0 sends the input's own bytes.</param>
sealed record ValidationPolicy(ExitPolicy Policy, TensorEncoding Codec)
{
    /// <summary>Shares of the inputs that shall leave at the first exit.</summary>
    static readonly double[] s_shares = [0, 0.3, 0.7];

    static readonly TensorEncoding[] s_codecs = [TensorEncoding.Float32, TensorEncoding.Float16, TensorEncoding.Int8];

    /// <summary>Cut, threshold of every exit, codec, and standby exit.</summary>
    /// <param name="localCut">The cut that sends nothing.</param>
    public string Name(int localCut)
    {
        string cut = Policy.Cut == localCut ? "local" : string.Create(CultureInfo.InvariantCulture, $"cut {Policy.Cut}");
        float threshold = Policy.Exits == 0 ? 0 : Policy.Thresholds[0];
        string codec = Policy.Cut == localCut ? "" : Policy.Cut == 0 ? ", bytes" : Codec switch
        {
            TensorEncoding.Float16 => ", fp16",
            TensorEncoding.Int8 => ", int8",
            _ => ", fp32",
        };
        string exits = threshold > 0 ? string.Create(CultureInfo.InvariantCulture, $", exits below {threshold:0.00}") : ", no exits";
        string standby = Policy.Standby > 0 ? string.Create(CultureInfo.InvariantCulture, $", standby exit {Policy.Standby}") : "";
        return cut + exits + codec + standby;
    }

    /// <summary>Takes policies apart from each other out of candidate cuts x thresholds x codecs, always the same ones.</summary>
    /// <remarks>Before the first exit every other policy has it as its standby exit. Thresholds are 0 or let about
    /// 30 % or 70 % of the inputs leave at the first exit. They are placed such that the median
    /// input is well within one exit: between two exits it would jump by milliseconds with a single task that was disturbed.</remarks>
    /// <param name="manifest">The model.</param>
    /// <param name="inputs">Its exits' outputs for the inputs.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="ArgumentException">There are not as many.</exception>
    public static IReadOnlyList<ValidationPolicy> Choose(ModelManifest manifest, ExitCalibration inputs, int count)
    {
        List<ValidationPolicy> all = [];
        float[] levels = manifest.SideExits == 0 ? [0] : [.. s_shares.Select(share => Threshold(inputs, share)).Distinct()];
        int[] cuts = [.. manifest.Cuts.Where(cut => cut.Candidate || cut.K == manifest.LocalCut).Select(cut => cut.K)];
        // Cut by cut the levels and codecs take turns, so that a short list is as mixed as a long one.
        for (int turn = 0; turn < s_codecs.Length * levels.Length; turn++)
        {
            for (int i = 0; i < cuts.Length; i++)
            {
                bool encoded = cuts[i] > 0 && cuts[i] != manifest.LocalCut;
                float[] thresholds = new float[manifest.SideExits];
                Array.Fill(thresholds, levels[(i + turn) % levels.Length]);
                TensorEncoding codec = encoded ? s_codecs[(i + (turn / levels.Length)) % s_codecs.Length] : s_codecs[0];
                bool stands = (i + turn) % 2 == 1 && manifest.SideExits > 0 && cuts[i] < manifest.Exits[0].AfterUnit;
                var policy = new ValidationPolicy(new ExitPolicy(thresholds, cuts[i], standby: stands ? 1 : 0), codec);
                if (!all.Contains(policy)) all.Add(policy);
            }
        }
        return count <= all.Count ? all[..count]
            : throw new ArgumentException($"{count} policies, {manifest.Name} has {all.Count} of cuts, thresholds and codecs");
    }

    static float Threshold(ExitCalibration inputs, double share)
    {
        if (share == 0) return 0;
        (float best, double distance) = (0, double.PositiveInfinity);
        for (float threshold = 0.01f; threshold < 1; threshold += 0.01f)
        {
            double[] left = Left(inputs, threshold);
            // The exits are undecided about the median input where one of the shares is near a half.
            double jump = left.Take(left.Length - 1).Min(part => Math.Abs(part - 0.5));
            double off = Math.Abs(left[0] - share) + Math.Max(0, 10 * (0.1 - jump));
            if (off < distance) (best, distance) = (threshold, off);
        }
        return best;
    }

    /// <summary>Share of inputs that have left at exit 1, 2, ... with one threshold for all.</summary>
    static double[] Left(ExitCalibration inputs, float threshold)
    {
        double[] left = new double[inputs.Exits];
        for (int sample = 0; sample < inputs.Samples; sample++)
        {
            int exit = 1;
            while (exit < inputs.Exits && !(inputs.Entropy(sample, exit) < threshold)) exit++;
            for (int later = exit; later <= inputs.Exits; later++) left[later - 1] += 1.0 / inputs.Samples;
        }
        return left;
    }
}
