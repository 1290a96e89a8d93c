using System.Runtime.InteropServices;
using EdgeML.Native.Models.Onnx;
using Google.Protobuf;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>Adds nodes that turn an output into logits, with operators that mean the same in every operator set.</summary>
static class LogitNodes
{
    // The least normal number keeps log finite; next to 1, float32 has steps of 6e-8.
    const float Least = 1.2e-38f, LeastOfRest = 3e-8f;

    /// <summary>log(p).</summary>
    internal static string Logarithm(Classifier model, string tensor)
    {
        string p = AsFloat(model, tensor);
        return Log(model, p, Least, tensor + "/log");
    }

    /// <summary>log(p) - log(1 - p).</summary>
    internal static string Logit(Classifier model, string tensor)
    {
        string p = AsFloat(model, tensor);
        string rest = Add(model, "Sub", [Constant(model, tensor + "/one", 1, model.Info(p).Dims), p], tensor + "/rest", model.Info(p).Dims);
        return Add(
            model, "Sub", [Log(model, p, Least, tensor + "/log"), Log(model, rest, LeastOfRest, tensor + "/log_rest")], tensor + "/logit",
            model.Info(p).Dims);
    }

    /// <summary>Two logits of one: 0 and the value of <paramref name="logit"/>.</summary>
    internal static string TwoClasses(Classifier model, string tensor, string logit)
    {
        string z = AsFloat(model, logit);
        string shape = model.FreeName(tensor + "/shape");
        var dims = new TensorProto { Name = shape, DataType = ElementType.Int64, Dims = { 2 }, Int64Data = { 1, 1 } };
        WeightData.Normalise(dims);
        model.Model.Graph.Initializer.Add(dims);
        string one = Add(model, "Reshape", [z, shape], tensor + "/one_logit", [1, 1]);
        return Add(
            model, "Concat", [Constant(model, tensor + "/zero", 0, [1, 1]), one], tensor + "/logits", [1, 2],
            new AttributeProto { Name = "axis", Type = 2, I = 1 });
    }

    /// <summary>The tensor as float32.</summary>
    internal static string AsFloat(Classifier model, string tensor)
    {
        TensorInfo info = model.Info(tensor);
        return info.Type == ElementType.Float
            ? tensor
            : Add(
                model, "Cast", [tensor], tensor + "/float", info.Dims,
                new AttributeProto { Name = "to", Type = 2, I = ElementType.Float });
    }

    static string Log(Classifier model, string p, float least, string name)
    {
        long[] dims = model.Info(p).Dims;
        string held = Add(model, "Max", [p, Constant(model, name + "/least", least, dims)], name + "/held", dims);
        return Add(model, "Log", [held], name, dims);
    }

    static string Constant(Classifier model, string name, float value, long[] dims)
    {
        name = model.FreeName(name);
        float[] values = new float[TensorInfo.Count(dims)];
        Array.Fill(values, value);
        model.Model.Graph.Initializer.Add(new TensorProto
        {
            Name = name,
            DataType = ElementType.Float,
            Dims = { dims },
            RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(values)),
        });
        return name;
    }

    static string Add(Classifier model, string op, string[] inputs, string name, long[] dims, params AttributeProto[] attributes)
    {
        name = model.FreeName(name);
        model.AddNode(
            new NodeProto { OpType = op, Name = name, Input = { inputs }, Output = { name }, Attribute = { attributes } },
            new TensorInfo(ElementType.Float, dims));
        return name;
    }
}
