using EdgeML.Native.Inference;

namespace EdgeML.Native.Models.Verification;

/// <summary>One way of running a network: where it is cut, whether exits are tried on the way, and how far units are made into one
/// engine.</summary>
readonly record struct Division(int Cut, bool TriesExits, Fusion Fusion)
{
    /// <summary>More units than this, and only cuts that controllers consider are tried.</summary>
    const int MostUnitsAtEveryCut = 12;

    /// <summary>The ways that runs take, the whole network first.</summary>
    internal static List<Division> All(ModelManifest manifest)
    {
        int units = manifest.Units.Count;
        bool exits = manifest.SideExits > 0;
        var all = new List<Division> { new(units, exits, Fusion.Now), new(units, exits, Fusion.None) };
        if (exits)
        {
            all.Add(new Division(units, false, Fusion.Now));
            all.Add(new Division(units, true, Fusion.RangesNow));
        }
        for (int cut = 1; cut < units; cut++)
        {
            if (!manifest.Cuts[cut].Candidate && units > MostUnitsAtEveryCut) continue;
            all.Add(new Division(cut, false, Fusion.Now));
            if (exits) all.Add(new Division(cut, true, Fusion.Now));
        }
        return all;
    }

    /// <summary>For a sentence.</summary>
    internal string Describe(ModelManifest manifest) =>
        (Cut == manifest.Units.Count ? "the whole network" : $"the network cut at {Cut} ('{manifest.Cuts[Cut].Tensor}')")
        + (Fusion == Fusion.None ? ", unit by unit" : TriesExits ? ", with side exits" : "");
}
