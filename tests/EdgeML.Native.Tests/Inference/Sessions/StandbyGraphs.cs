using EdgeML.Native.Tests.Models.Onnx;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>Chains of eight units with two side exits: long enough that an answer may come while the second one is being computed.</summary>
static class StandbyGraphs
{
    /// <summary>Units in front of the first and of the second side exit.</summary>
    public const int First = 2, Second = 6;

    /// <summary>Every exit has an answer.</summary>
    public static byte[] Sound() => Make((b, x, output) => b.Head(x, 8, 5, output));

    /// <summary>The second exit's logits are NaN whatever the input; everything else is as in <see cref="Sound"/>.</summary>
    public static byte[] Invalid() => Make((b, x, output) =>
    {
        string y = b.Head(x, 8, 5, "before");
        string large = b.Weight([1], [3e38f]);
        y = b.Node("Add", [b.Node("Mul", [y, y]), b.Weight([1], [1f])]);
        y = b.Node("Mul", [b.Node("Mul", [y, large]), large]);
        b.Node("Sub", [y, y], output);
    });

    /// <summary>The second exit is certain: its entropy is exactly 0.</summary>
    public static byte[] Certain() => Make((b, x, output) => b.Node("Mul", [b.Head(x, 8, 5, "before"), b.Weight([1], [1e6f])], output));

    static byte[] Make(Action<OnnxBuilder, string, string> second)
    {
        var b = new OnnxBuilder(21);
        string x = b.Input("image", 1, 3, 8, 8);
        string trunk = x;
        for (int unit = 1; unit <= 8; unit++)
        {
            trunk = b.ConvRelu(trunk, unit == 1 ? 3 : 8, 8);
            if (unit == First) b.Head(trunk, 8, 5, "exit1");
            if (unit == Second) second(b, trunk, "exit2");
        }
        b.Head(trunk, 8, 5, "logits");
        b.Output("exit1", "exit2", "logits");
        return b.Bytes;
    }
}
