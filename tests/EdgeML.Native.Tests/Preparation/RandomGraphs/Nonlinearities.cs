namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <summary>Activation functions, as single operators and written out as exporters do; optimizers know both.</summary>
static class Nonlinearities
{
    internal static Activation Any(GraphDraft d, Activation x) => d.Between(0, 13) switch
    {
        0 or 1 or 2 => d.Apply("Relu", x),
        3 => d.Clip(x, 0, 6),
        4 => d.Apply("LeakyRelu", x, GraphDraft.Float("alpha", 0.1f)),
        5 => Swish(d, x),
        6 => HardSwish(d, x),
        7 => Gelu(d, x),
        8 => d.Apply("Elu", x),
        9 => d.Apply(d.Pick("Tanh", "Sigmoid", "Softsign"), x),
        10 => d.Apply("Selu", x),
        11 => Mish(d, x),
        12 when x.Rank > 2 => d.Apply("PRelu", x, d.PerChannel(0.2, 0.1, x.Channels, x.Rank)),
        13 => d.Apply("Softplus", x),
        _ => d.Apply("Relu", x),
    };

    internal static Activation Gelu(GraphDraft d, Activation x)
    {
        d.Traits.Add("GELU");
        switch (d.Between(0, 5))
        {
            case 0 when d.Opset >= 20: return d.Apply("Gelu", x, GraphDraft.Text("approximate", d.Pick("none", "tanh")));
            case 1: return d.Contrib("Gelu", [x.Name], x.Dims);
            case 2:
                // x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
                Activation cube = d.Apply("Pow", x, d.Scalar(3));
                Activation inner = d.Apply("Mul", d.Apply("Add", x, d.Apply("Mul", cube, d.Scalar(0.044715f))), d.Scalar(0.7978846f));
                return d.Apply("Mul", d.Apply("Mul", x, d.Apply("Add", d.Apply("Tanh", inner), d.Scalar(1))), d.Scalar(0.5f));
            default:
                Activation scaled = d.Chance(0.5) ? d.Apply("Div", x, d.Scalar(1.4142135f)) : d.Apply("Mul", x, d.Scalar(0.70710677f));
                Activation one = d.Apply("Add", d.Apply("Erf", scaled), d.Scalar(1));
                return d.Chance(0.5)
                    ? d.Apply("Mul", d.Apply("Mul", x, one), d.Scalar(0.5f))
                    : d.Apply("Mul", d.Apply("Mul", x, d.Scalar(0.5f)), one);
        }
    }

    static Activation Swish(GraphDraft d, Activation x)
    {
        d.Traits.Add("SiLU");
        return d.Apply("Mul", x, d.Apply("Sigmoid", x));
    }

    static Activation HardSwish(GraphDraft d, Activation x)
    {
        d.Traits.Add("hard swish");
        if (d.Opset >= 14 && d.Chance(0.5)) return d.Apply("HardSwish", x);
        if (d.Chance(0.5))
            return d.Apply("Mul", x, d.Apply("HardSigmoid", x, GraphDraft.Float("alpha", 1f / 6), GraphDraft.Float("beta", 0.5f)));
        Activation gate = d.Clip(d.Apply("Add", x, d.Scalar(3)), 0, 6);
        return d.Apply("Div", d.Apply("Mul", x, gate), d.Scalar(6));
    }

    static Activation Mish(GraphDraft d, Activation x)
    {
        if (d.Opset >= 18 && d.Chance(0.5)) return d.Apply("Mish", x);
        d.Traits.Add("Mish");
        return d.Apply("Mul", x, d.Apply("Tanh", d.Apply("Softplus", x)));
    }
}
