using System.Globalization;

namespace EdgeML.Native.Inference.Engines;

/// <summary>Numbers of processors as people write them: <c>2,3</c> or <c>2-5,8</c>.</summary>
static class CoreList
{
    /// <summary>Form of a list, for messages.</summary>
    public const string Form = "a list of cores such as 2,3 or 2-5";

    /// <summary>Reads a list; each core once.</summary>
    public static bool TryParse(string text, out int[] cores)
    {
        var all = new List<int>();
        cores = [];
        foreach (string part in text.Split(','))
        {
            string[] ends = part.Split('-');
            if (ends.Length > 2 || !TryNumber(ends[0], out int first) || !TryNumber(ends[^1], out int last) || last < first) return false;
            for (int core = first; core <= last; core++)
            {
                if (all.Contains(core)) return false;
                all.Add(core);
            }
        }
        cores = [.. all];
        return true;
    }

    static bool TryNumber(string text, out int core) =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out core) && core < BackendOptions.MostCores;
}
