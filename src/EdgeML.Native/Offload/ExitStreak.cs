using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Offload;

/// <summary>The agreement of the last side exits before a cut, under an exit rule that waits for exits that agree: a tail continues from
/// there.</summary>
/// <param name="Class">That they agree on.</param>
/// <param name="Length">How many of them in a row, up to the cut; 0 for none.</param>
public readonly record struct ExitStreak(int Class, int Length)
{
    /// <summary>Side exits that lie before a cut, those at it included.</summary>
    internal static int ExitsBefore(ModelManifest manifest, int cut)
    {
        int exits = 0;
        while (exits < manifest.SideExits && manifest.Exits[exits].AfterUnit <= cut) exits++;
        return exits;
    }

    /// <summary>The streak that ends at a cut.</summary>
    /// <param name="manifest">The model.</param>
    /// <param name="cut">Units that have run.</param>
    /// <param name="said">By exit, from 0; -1 where it is not known.</param>
    internal static ExitStreak At(ModelManifest manifest, int cut, ReadOnlySpan<int> said)
    {
        int last = ExitsBefore(manifest, cut), most = Math.Min(last, manifest.ExitRule.Patience - 1);
        if (most == 0 || said[last - 1] < 0) return default;
        int length = 1;
        while (length < most && said[last - 1 - length] == said[last - 1]) length++;
        return new ExitStreak(said[last - 1], length);
    }

    /// <summary>Writes the classes of the exits before a cut, -1 for the others.</summary>
    internal void Fill(ModelManifest manifest, int cut, Span<int> said)
    {
        said.Fill(-1);
        int last = ExitsBefore(manifest, cut);
        for (int exit = Math.Max(0, last - Length); exit < last; exit++) said[exit] = Class;
    }
}
