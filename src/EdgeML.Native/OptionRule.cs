using System.Globalization;
using System.Numerics;

namespace EdgeML.Native;

/// <summary>Refuses values that an option cannot have, with the option's name and the value in one line.</summary>
static class OptionRule
{
    /// <summary>The most threads one pool may have.</summary>
    internal static int MostThreads => Math.Max(64, 4 * Environment.ProcessorCount);

    /// <exception cref="ArgumentOutOfRangeException">Outside the range, or NaN.</exception>
    public static void Within<T>(T value, T least, T most, string name)
        where T : INumber<T>
    {
        if (!(value >= least && value <= most)) Refuse(name, value, $"in {Text(least)}..{Text(most)}");
    }

    /// <summary>A finite number above 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none.</exception>
    public static void Positive(double value, string name)
    {
        if (!(value > 0 && double.IsFinite(value))) Refuse(name, value, "a finite number above 0");
    }

    /// <summary>A number above 0; infinity means that there is no bound.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none.</exception>
    public static void Bound(double value, string name)
    {
        if (!(value > 0)) Refuse(name, value, "a number above 0 (infinity for no bound)");
    }

    /// <summary>A time that a wait can take: at least 0, at most 24 days; <see cref="Timeout.InfiniteTimeSpan"/> is none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none.</exception>
    public static void Wait(TimeSpan value, string name, bool positive = false)
    {
        if (value < TimeSpan.Zero || (positive && value == TimeSpan.Zero) || value.TotalMilliseconds > int.MaxValue)
            Refuse(name, value, positive ? "a time above 0 and below 24 days" : "a time of at least 0 and below 24 days");
    }

    /// <summary>A value that the enumeration names.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none.</exception>
    public static void Named<T>(T value, string name)
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value)) Refuse(name, value, $"one of {string.Join(", ", Enum.GetNames<T>())}");
    }

    /// <exception cref="ArgumentOutOfRangeException">Always.</exception>
    public static void Refuse(string name, object value, string wanted) =>
        throw new ArgumentOutOfRangeException(name, $"{name} is {Text(value)}, not {wanted}");

    static string Text(object value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
}
