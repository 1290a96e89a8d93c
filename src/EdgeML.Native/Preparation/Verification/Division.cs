using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Preparation.Verification;

/// <summary>One way of running a network.</summary>
/// <param name="Cut">Units before it.</param>
/// <param name="Exits">Bit j - 1 is set when side exit j is tried on the way.</param>
/// <param name="Fusion">How far units are made into one engine.</param>
readonly record struct Division(int Cut, uint Exits, Fusion Fusion)
{
    /// <summary>More units than this, and only cuts that controllers consider are tried.</summary>
    const int MostUnitsAtEveryCut = 12;

    /// <summary>The ways that runs take, the whole network first.</summary>
    internal static List<Division> All(ModelManifest manifest)
    {
        int units = manifest.Units.Count;
        uint exits = (1u << manifest.SideExits) - 1;
        var all = new List<Division> { new(units, exits, Fusion.Now), new(units, exits, Fusion.None) };
        if (exits > 0)
        {
            all.Add(new Division(units, 0, Fusion.Now));
            all.Add(new Division(units, exits, Fusion.RangesNow));
        }
        for (int exit = 1; exit <= manifest.SideExits && manifest.SideExits > 1; exit++)
            all.Add(new Division(units, 1u << (exit - 1), Fusion.Now));
        for (int cut = 1; cut < units; cut++)
        {
            if (!manifest.Cuts[cut].Candidate && units > MostUnitsAtEveryCut) continue;
            all.Add(new Division(cut, 0, Fusion.Now));
            if (exits > 0) all.Add(new Division(cut, exits, Fusion.Now));
        }
        return all;
    }

    /// <summary>Whether an exit is computed, the final one included.</summary>
    internal bool Computes(ExitInfo exit, ModelManifest manifest) =>
        exit.Index == manifest.Exits.Count || (Exits & (1u << (exit.Index - 1))) != 0;

    /// <summary>For a sentence.</summary>
    internal string Describe(ModelManifest manifest) =>
        (Cut == manifest.Units.Count ? "the whole network" : $"the network cut at {Cut} ('{manifest.Cuts[Cut].Tensor}')")
        + (Fusion == Fusion.None ? ", unit by unit" : Exits != 0 ? ", with side exits" : "");
}
