using System.Runtime.InteropServices;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Tests.Models.Onnx;
using Google.Protobuf;

namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <content>Weights in the forms that files have them: as initializers or nodes, read once or often, straight or turned.</content>
sealed partial class GraphDraft
{
    Dictionary<(string Shape, bool Half), string> _stored = [];

    /// <summary>Weights of zero mean and this standard deviation, of the precision in force.</summary>
    internal string Weight(double deviation, params long[] dims)
    {
        (string, bool Half) key = (string.Join('x', dims) + $" {deviation:g3}", Half);
        if (_stored.TryGetValue(key, out string? known) && Chance(0.5))
        {
            Traits.Add(Bytes(dims) > 1024 ? "shared above 1 KB" : "shared below 1 KB");
            return known;
        }
        return _stored[key] = Store(dims, Values(Count(dims), deviation));
    }

    /// <summary>Until it is disposed, weights are neither taken from nor left for other places.</summary>
    internal IDisposable Unshared() => new Apart(this);

    sealed class Apart : IDisposable
    {
        readonly GraphDraft _draft;
        readonly Dictionary<(string, bool), string> _before;

        internal Apart(GraphDraft draft)
        {
            (_draft, _before) = (draft, draft._stored);
            draft._stored = [];
        }

        public void Dispose() => _draft._stored = _before;
    }

    /// <summary>Weights around a mean, never further from it than the spread: factors, slopes, variances.</summary>
    internal string Around(double mean, double spread, params long[] dims) =>
        Store(dims, [.. Values(Count(dims), 1).Select(v => (float)(mean + spread * Math.Tanh(v)))]);

    /// <summary>A matrix [from, to] for a product, sometimes stored the other way round and turned by a Transpose.</summary>
    internal string Matrix(double deviation, int from, int to)
    {
        if (!Chance(0.3)) return Weight(deviation, from, to);
        Traits.Add("weight after a Transpose");
        return Node("Transpose", [Weight(deviation, to, from)], [from, to], Ints("perm", 1, 0)).Name;
    }

    /// <summary>A factor or an offset for every channel of a map, in one of the shapes that broadcast to it.</summary>
    internal string PerChannel(double mean, double spread, int channels, int rank)
    {
        long[] tail = [.. Enumerable.Repeat(1L, rank - 2)];
        switch (Between(0, 3))
        {
            case 0: return Around(mean, spread, [1, channels, .. tail]);
            case 1:
                Traits.Add("weight after a Reshape");
                return Node("Reshape", [Around(mean, spread, channels), Builder.Integers([channels, .. tail])], [channels, .. tail]).Name;
            case 2:
                string unsqueezed = Around(mean, spread, channels);
                return Unsqueeze(new Activation(unsqueezed, channels), [.. Enumerable.Range(1, rank - 2).Select(i => (long)i)]).Name;
            default: return Around(mean, spread, [channels, .. tail]);
        }
    }

    /// <summary>A number, as an initializer or as a node.</summary>
    internal string Scalar(float value) => Store([], [value]);

    internal string Store(long[] dims, float[] values)
    {
        string name = Builder.Weight(dims, values);
        TensorProto weight = Graph.Initializer[^1];
        Traits.Add(Bytes(dims) switch { > 1024 => "weight above 1 KB", 1024 => "weight of 1 KB", _ => "weight below 1 KB" });
        if (Half) FileForms.ToHalf(weight);
        else if (Chance(0.1)) ToList(weight, values);
        if (Chance(0.15)) ToNode(weight);
        return name;
    }

    /// <summary>Standard normal values times a deviation, seeded by the draft.</summary>
    internal float[] Values(long count, double deviation)
    {
        var values = new float[count];
        for (int i = 0; i < values.Length; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - Random.NextDouble()));
            values[i] = (float)(deviation * radius * Math.Cos(2 * Math.PI * Random.NextDouble()));
        }
        return values;
    }

    /// <summary>A weight of a narrow whole type.</summary>
    internal string Narrow(int type, long[] dims, int[] values)
    {
        byte[] raw = type is ElementType.Int32 ? MemoryMarshal.AsBytes<int>(values).ToArray() : [.. values.Select(v => unchecked((byte)v))];
        string name = Builder.Weight([0], []);
        TensorProto weight = Graph.Initializer[^1];
        weight.DataType = type;
        weight.Dims.Clear();
        weight.Dims.Add(dims);
        weight.RawData = ByteString.CopyFrom(raw);
        return name;
    }

    static void ToList(TensorProto weight, float[] values)
    {
        weight.ClearRawData();
        weight.FloatData.Add(values);
    }

    void ToNode(TensorProto weight)
    {
        Traits.Add("Constant");
        Graph.Initializer.Remove(weight);
        string name = weight.Name;
        weight.ClearName();
        Graph.Node.Add(
            new NodeProto { OpType = "Constant", Output = { name }, Attribute = { new AttributeProto { Name = "value", Type = 4, T = weight } } });
    }

    long Bytes(long[] dims) => Count(dims) * (Half ? 2 : 4);

    static long Count(long[] dims) => TensorInfo.Count(dims);
}
