using System.Text;
using EdgeML.Native.Interop;

namespace EdgeML.Cli.Diagnostics;

/// <summary>Which TensorRT is here, and the plug-ins it needs.</summary>
static class TensorRtSearch
{
    public static IEnumerable<Finding> Find()
    {
        try
        {
            NativeLibraryLoader.EnsureLoaded();
            // Once for the length. The findings cannot change in between; a longer text would only be cut.
            var text = new byte[(int)NativeMethods.InspectTensorrt([], 0, null)];
            _ = NativeMethods.InspectTensorrt(text, (nuint)text.Length, null);
            return [.. Rows(Encoding.UTF8.GetString(text.AsSpan().TrimEnd((byte)0)))];
        }
        catch (Exception error) when (
            error is DllNotFoundException or NotSupportedException or BadImageFormatException or EntryPointNotFoundException)
        {
            return [new Finding("backends", "TensorRT", false, error.Message, [])];
        }
    }

    /// <summary>Findings of the native report: a line each, fields between tabs: name, 1 or 0, value, places.</summary>
    internal static IEnumerable<Finding> Rows(string report) =>
        from line in report.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        let fields = line.Split('\t')
        where fields.Length >= 3
        select new Finding("backends", fields[0], fields[1] == "1", fields[2], fields[3..]);
}
