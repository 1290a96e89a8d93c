using System.CommandLine.Parsing;
using System.Globalization;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Tails;

namespace EdgeML.Cli.CommandLine;

/// <summary>Parsers of option values; each refuses with one line that holds the value.</summary>
static class Parse
{
    const NumberStyles Float = NumberStyles.Float;

    /// <summary>A finite number above 0.</summary>
    public static double? Positive(ArgumentResult result) => Number(result, value => value > 0, "a number above 0");

    /// <summary>A finite number of at least 0.</summary>
    public static double? NotNegative(ArgumentResult result) => Number(result, value => value >= 0, "a number of at least 0");

    /// <summary>A whole number of at least 1.</summary>
    public static int? Count(ArgumentResult result) => Whole(result, 1, int.MaxValue);

    /// <summary>A whole number in a range.</summary>
    public static int? Whole(ArgumentResult result, int least, int most)
    {
        string text = result.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= least
            && value <= most) return value;
        string range = most == int.MaxValue ? $"a whole number of at least {least}" : $"a whole number in {least}..{most}";
        result.AddError($"{NameOf(result)} is '{text}', not {range}");
        return null;
    }

    /// <summary>A seed: any whole number from 0 that 64 bits hold.</summary>
    public static ulong? Seed(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)) return value;
        result.AddError($"{NameOf(result)} is '{text}', not a whole number in 0..{ulong.MaxValue}");
        return null;
    }

    /// <summary>Thresholds separated by commas, each in 0..1.</summary>
    public static float[]? Thresholds(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        string[] parts = text.Split(',');
        var thresholds = new float[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!float.TryParse(parts[i], Float, CultureInfo.InvariantCulture, out thresholds[i])
                || !(thresholds[i] >= 0f && thresholds[i] <= 1f))
            {
                result.AddError($"threshold {i + 1} of {NameOf(result)} is '{parts[i]}', not a number in 0..1");
                return null;
            }
        }
        return thresholds;
    }

    /// <summary>Dimensions of at least 1, separated by x or commas.</summary>
    public static int[]? Shape(ArgumentResult result) => Shape(result, result.Tokens[0].Value);

    /// <summary>Shapes, each perhaps after the name of its input and an equals sign.</summary>
    public static InputShapes? Shapes(ArgumentResult result)
    {
        var shapes = new InputShapes(null, []);
        foreach (System.CommandLine.Parsing.Token token in result.Tokens)
        {
            int equals = token.Value.LastIndexOf('=');
            if (Shape(result, token.Value[(equals + 1)..]) is not { } dims) return null;
            if (equals < 0 && shapes.Only is null) shapes = shapes with { Only = dims };
            else if (equals < 0 || !shapes.ByName.TryAdd(token.Value[..equals], dims))
            {
                result.AddError($"{NameOf(result)} gives two shapes {(equals < 0 ? "without a name" : $"of input '{token.Value[..equals]}'")}");
                return null;
            }
        }
        return shapes;
    }

    static int[]? Shape(ArgumentResult result, string text)
    {
        string[] parts = text.Split('x', 'X', ',');
        var dims = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out dims[i]) && dims[i] >= 1) continue;
            result.AddError($"{NameOf(result)} is '{text}', not dimensions such as 3x224x224");
            return null;
        }
        return dims;
    }

    /// <summary>Numbers of processors.</summary>
    public static int[]? Cores(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (CoreList.TryParse(text, out int[] cores)) return cores;
        result.AddError($"{NameOf(result)} is '{text}', not {CoreList.Form}");
        return null;
    }

    /// <summary>Names separated by commas; a comma after a backslash belongs to a name.</summary>
    public static IEnumerable<string> Names(string text)
    {
        var name = new System.Text.StringBuilder();
        for (int i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] == '\\' && i + 1 < text.Length && text[i + 1] is ',' or '\\')
            {
                name.Append(text[++i]);
            }
            else if (i == text.Length || text[i] == ',')
            {
                if (name.ToString().Trim() is { Length: > 0 } whole) yield return whole;
                name.Clear();
            }
            else
            {
                name.Append(text[i]);
            }
        }
    }

    /// <summary>Finite numbers separated by commas, each of which may be a quotient such as 1/255.</summary>
    public static double[]? Numbers(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        double?[] values = [.. text.Split(',').Select(Quotient)];
        if (!values.Contains(null)) return [.. values.Select(value => value!.Value)];
        result.AddError($"{NameOf(result)} is '{text}', not numbers separated by commas");
        return null;
    }

    /// <summary>A number above 0, or a quotient such as 1/255.</summary>
    public static double? Scale(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (Quotient(text) is { } value && value > 0) return value;
        result.AddError($"{NameOf(result)} is '{text}', not a number above 0 or a quotient such as 1/255");
        return null;
    }

    static double? Quotient(string text)
    {
        string[] parts = text.Split('/');
        double value = double.NaN;
        for (int i = 0; i < parts.Length && i < 2; i++)
        {
            if (!double.TryParse(parts[i], Float, CultureInfo.InvariantCulture, out double part)) return null;
            value = i == 0 ? part : value / part;
        }
        return parts.Length <= 2 && double.IsFinite(value) ? value : null;
    }

    /// <summary>A cut: the number of units run on the edge, or <c>local</c>.</summary>
    public static CutChoice? Cut(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (text == "local") return CutChoice.Local;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int units)) return new CutChoice(units);
        result.AddError($"{NameOf(result)} is '{text}', not a number of units or 'local'");
        return null;
    }

    /// <summary>A side exit, from 1, or 0 for <c>off</c>.</summary>
    public static int? Standby(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (text == "off") return 0;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int exit) && exit >= 1) return exit;
        result.AddError($"{NameOf(result)} is '{text}', not a side exit from 1 or 'off'");
        return null;
    }

    /// <summary>HOST:PORT to listen on; port 0 lets the system choose.</summary>
    public static HostPort? Listen(ArgumentResult result) => Endpoint(result, 0);

    /// <summary>HOST:PORT, each with a weight after @ or none, separated by commas or given one by one.</summary>
    public static TailPlace[]? Tails(ArgumentResult result)
    {
        var tails = new List<TailPlace>();
        foreach (string text in result.Tokens.SelectMany(token => token.Value.Split(',')))
        {
            int at = text.LastIndexOf('@');
            double weight = 1;
            bool isWeight = at < 0 || (double.TryParse(text.AsSpan(at + 1), Float, CultureInfo.InvariantCulture, out weight)
                && weight is >= TailEntry.LeastWeight and <= TailEntry.MostWeight);
            if (!isWeight)
            {
                result.AddError(
                    $"{NameOf(result)} is '{text}', whose weight after @ is not a number in {TailEntry.LeastWeight}..{TailEntry.MostWeight}");
                return null;
            }
            if (Endpoint(result, at < 0 ? text : text[..at], 1) is not { } address) return null;
            if (tails.Exists(tail => tail.Address == address))
            {
                result.AddError($"{NameOf(result)} names {address} twice");
                return null;
            }
            tails.Add(new TailPlace(address, at < 0 ? null : weight));
        }
        if (tails.Count <= TailSetOptions.MostTails) return [.. tails];
        result.AddError($"{NameOf(result)} names {tails.Count} tails, at most {TailSetOptions.MostTails} are possible");
        return null;
    }

    static HostPort? Endpoint(ArgumentResult result, int leastPort) => Endpoint(result, result.Tokens[0].Value, leastPort);

    static HostPort? Endpoint(ArgumentResult result, string text, int leastPort)
    {
        int colon = text.LastIndexOf(':');
        if (colon > 0 && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            && port >= leastPort && port <= 65535)
        {
            string host = text[..colon].Trim('[', ']');
            if (host.Length is > 0 and <= TailClientOptions.LongestHost) return new HostPort(host, port);
            if (host.Length > 0)
            {
                result.AddError(
                    $"{NameOf(result)} names a host of {host.Length} characters, at most {TailClientOptions.LongestHost} are possible");
                return null;
            }
        }
        result.AddError($"{NameOf(result)} is '{text}', not HOST:PORT with a port in {leastPort}..65535");
        return null;
    }

    static double? Number(ArgumentResult result, Func<double, bool> accept, string wanted)
    {
        string text = result.Tokens[0].Value;
        if (double.TryParse(text, Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) && accept(value))
            return value;
        result.AddError($"{NameOf(result)} is '{text}', not {wanted}");
        return null;
    }

    static string NameOf(ArgumentResult result) => result.Parent is OptionResult option ? option.Option.Name : result.Argument.Name;
}
