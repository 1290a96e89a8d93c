using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Interop;
using EdgeML.Native.Models.Onnx;
using EdgeML.Training.Numerics;
using Google.Protobuf;

namespace EdgeML.Benchmarks.Subjects;

/// <summary>One matrix product of a head's training: by the library's kernel, and by ONNX Runtime on one thread.</summary>
/// <remarks>
/// Both factors change from step to step, so the graph gets both as its input, one row, and takes it apart. A second graph that does
/// nothing else measures that cost, which is subtracted. Transposed factors stay as they lie: strides here, transA and transB
/// there.
/// </remarks>
sealed unsafe class ProductSubject : IDisposable
{
    readonly int _m, _n, _k, _width;
    readonly bool _transposeA, _transposeB;
    readonly float[] _a, _b, _c;
    readonly DenseProduct _product = new();
    readonly Backend _backend = new(new BackendOptions());
    readonly Engine _whole, _apart;
    readonly TensorTap _gemm, _split;

    /// <param name="m">Rows of the result.</param>
    /// <param name="n">Its columns; the library's are padded.</param>
    /// <param name="k">Inner dimension.</param>
    /// <param name="transposeA">Whether the first factor lies as k x m.</param>
    /// <param name="transposeB">Whether the second lies as n x k.</param>
    public ProductSubject(int m, int n, int k, bool transposeA, bool transposeB)
    {
        (_m, _n, _k, _transposeA, _transposeB, _width) = (m, n, k, transposeA, transposeB, DenseProduct.Pad(n));
        (_a, _b, _c) = (Pinned(m * k), Pinned(k * _width), Pinned(m * _width));
        using var none = new WeightsHandle();
        _whole = new Engine(_backend, none, Graph(product: true));
        _apart = new Engine(_backend, none, Graph(product: false));
        _gemm = new TensorTap(_backend, _whole, (m * k) + (k * n), m * n);
        _split = new TensorTap(_backend, _apart, (m * k) + (k * n), 2);
        var random = new Random(1);
        for (int i = 0; i < _gemm.Input.Length; i++) _gemm.Input[i] = _split.Input[i] = random.NextSingle() - 0.5f;
        _gemm.Input[..(m * k)].CopyTo(_a);
        Span<float> second = _gemm.Input[(m * k)..];
        for (int i = 0; i < k; i++)
            for (int j = 0; j < n; j++)
                _b[transposeB ? (j * k) + i : (i * _width) + j] = second[transposeB ? (j * k) + i : (i * n) + j];
    }

    public long Macs => (long)_m * _n * _k;

    public void Ours()
    {
        fixed (float* a = _a, b = _b, c = _c)
            _product.Multiply(a, _transposeA ? 1 : _k, _transposeA ? _m : 1, b, _transposeB ? 1 : _width, _transposeB ? _k : 1, c, _m,
                _width, _k);
    }

    public void Theirs() => _gemm.Run();

    public void TakeApart() => _split.Run();

    /// <summary>Compares the two.</summary>
    /// <exception cref="InvalidOperationException">They differ.</exception>
    public void Verify()
    {
        Ours();
        Theirs();
        for (int i = 0; i < _m; i++)
        {
            for (int j = 0; j < _n; j++)
            {
                (float ours, float theirs) = (_c[(i * _width) + j], _gemm.Output[(i * _n) + j]);
                if (!(MathF.Abs(ours - theirs) <= 1e-5f * _k))
                    throw new InvalidOperationException($"{_m} x {_n} x {_k}: element {i}, {j} is {ours}, {theirs} by ONNX Runtime");
            }
        }
    }

    public void Dispose()
    {
        _gemm.Dispose();
        _split.Dispose();
        _whole.Dispose();
        _apart.Dispose();
        _backend.Dispose();
    }

    // What pads is zero, and a padded row longer than k x n: one vector more than the kernel reads.
    static float[] Pinned(int length) => GC.AllocateArray<float>(length, pinned: true);

    RangeModel Graph(bool product)
    {
        (long a, long b) = ((long)_m * _k, (long)_k * _n);
        var graph = new GraphProto { Name = "product" };
        graph.Input.Add(new TensorInfo(1, [1, a + b]).Describe("x"));
        graph.Node.Add(new NodeProto
        {
            OpType = "Split",
            Input = { "x" },
            Output = { "first", "second" },
            Attribute = { Int("axis", 1), Ints("split", a, b) }
        });
        if (product)
        {
            Reshape(graph, "first", "a", _transposeA ? [_k, _m] : [_m, _k]);
            Reshape(graph, "second", "b", _transposeB ? [_n, _k] : [_k, _n]);
            graph.Node.Add(new NodeProto
            {
                OpType = "Gemm",
                Input = { "a", "b" },
                Output = { "c" },
                Attribute = { Int("transA", _transposeA ? 1 : 0), Int("transB", _transposeB ? 1 : 0) }
            });
            Reshape(graph, "c", "y", [1, (long)_m * _n]);
        }
        else
        {
            foreach (string part in (ReadOnlySpan<string>)["first", "second"])
                graph.Node.Add(new NodeProto
                {
                    OpType = "Slice",
                    Input = { part, Integers(graph, $"{part}/from", 0), Integers(graph, $"{part}/to", 1),
                        Integers(graph, $"{part}/axis", 1) },
                    Output = { $"{part}/1" }
                });
            graph.Node.Add(new NodeProto
            {
                OpType = "Concat",
                Input = { "first/1", "second/1" },
                Output = { "y" },
                Attribute = { Int("axis", 1) }
            });
        }
        graph.Output.Add(new TensorInfo(1, [1, product ? (long)_m * _n : 2]).Describe("y"));
        var model = new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 11 } } };
        return new RangeModel(model.ToByteArray(), "x", [1, a + b], "y", null, ["y"], []);
    }

    static void Reshape(GraphProto graph, string from, string to, long[] dims) =>
        graph.Node.Add(new NodeProto { OpType = "Reshape", Input = { from, Integers(graph, $"{to}/shape", dims) }, Output = { to } });

    static string Integers(GraphProto graph, string name, params long[] values)
    {
        graph.Initializer.Add(new TensorProto { Name = name, DataType = 7, Dims = { values.Length }, Int64Data = { values } });
        return name;
    }

    static AttributeProto Int(string name, long value) => new() { Name = name, Type = 2, I = value };

    static AttributeProto Ints(string name, params long[] values) => new() { Name = name, Type = 7, Ints = { values } };
}
