// Ranges joined into one engine: answers, shared copies, refusals, and what becomes of the blocked layout at a stop.
// Tensors that sessions may not share, in single and in joined engines.
#include "check.h"

#include "backends/onnxruntime/gate.h"
#include "backends/onnxruntime/onnx_fields.h"
#include "backends/onnxruntime/range_join.h"
#include "backends/onnxruntime/sharing.h"
#include "backends/onnxruntime/wrong_optimizers.h"

#include <algorithm>
#include <cstring>

#if !defined(_WIN32)
#include <sys/mman.h>
#endif

using namespace edgeml::ort;
using namespace edgeml::ort::onnx;
using test::make;
using test::read_model;

namespace {

struct Fixture {
    edgeml_context *context = test::make_context();
    edgeml_weights *weights = nullptr;
    std::vector<char> first = read_model("range1"), last = read_model("range2");

    Fixture() { REQUIRE(edgeml_weights_create(&weights, context, nullptr, nullptr)); }
    ~Fixture() {
        edgeml_weights_destroy(weights);
        edgeml_context_destroy(context);
    }
    edgeml_status join(edgeml_engine **out, const std::vector<char> &one, const std::vector<char> &two,
                       std::uint64_t copy_limit = 1 << 20, std::uint32_t exit = 1) {
        edgeml_range ranges[] = {{one.data(), one.size(), exit, 0}, {two.data(), two.size(), 0, 0}};
        auto desc = make<edgeml_join_desc>();
        desc.range_count = 2;
        desc.ranges = ranges;
        desc.copy_limit = copy_limit;
        return edgeml_engine_join(out, context, weights, &desc);
    }
    std::uint64_t copied() {
        auto info = make<edgeml_weights_info>();
        EXPECT_STATUS(edgeml_weights_get_info(&info, weights), EDGEML_OK);
        return info.copied_bytes;
    }
};

std::vector<float> run(const edgeml_engine *engine, const std::vector<float> &input, std::uint32_t output) {
    const void *inputs[] = {input.data()};
    std::uint64_t bytes[] = {input.size() * sizeof(float)};
    edgeml_outputs *outputs = nullptr;
    REQUIRE(edgeml_outputs_create(&outputs, engine, inputs, bytes, 1));
    auto info = make<edgeml_tensor_info>();
    const void *data = nullptr;
    REQUIRE(edgeml_outputs_get(&info, &data, outputs, output));
    std::vector<float> values(static_cast<std::size_t>(info.bytes) / sizeof(float));
    std::memcpy(values.data(), data, static_cast<std::size_t>(info.bytes));
    edgeml_outputs_destroy(outputs);
    return values;
}

void expect_same(const std::vector<float> &got, const std::vector<float> &expected) {
    EXPECT(got.size() == expected.size());
    for (std::size_t i = 0; i < std::min(got.size(), expected.size()); ++i)
        EXPECT_NEAR(got[i], expected[i], 1e-5);
}

void joined_ranges_answer_like_ranges() {
    Fixture f;
    std::vector<float> input(3 * 8 * 8);
    for (std::size_t i = 0; i < input.size(); ++i)
        input[i] = static_cast<float>(i % 17) / 17;
    edgeml_engine *one = test::load(f.context, "range1"), *two = test::load(f.context, "range2");
    std::vector<float> exit = run(one, input, 1), logits = run(two, run(one, input, 0), 0);
    edgeml_engine *joined[2] = {};
    EXPECT_STATUS(f.join(&joined[0], f.first, f.last), EDGEML_OK);
    std::uint64_t copied = f.copied();
    EXPECT_STATUS(f.join(&joined[1], f.first, f.last, copied), EDGEML_OK); // which needs no more copies
    EXPECT(f.copied() == copied);
    if (copied > 0) { // the processor has its own layout
        edgeml_weights_destroy(f.weights);
        REQUIRE(edgeml_weights_create(&f.weights, f.context, nullptr, nullptr));
        edgeml_engine *refused = nullptr;
        EXPECT_STATUS(f.join(&refused, f.first, f.last, copied - 1), EDGEML_E_UNSUPPORTED);
        EXPECT(refused == nullptr && f.copied() == 0);
    }
    for (edgeml_engine *engine : joined) {
        expect_same(run(engine, input, 0), logits);
        expect_same(run(engine, input, 1), exit);
        edgeml_engine_destroy(engine);
    }
    edgeml_engine_destroy(one);
    edgeml_engine_destroy(two);
}

void bad_joins_are_refused() {
    Fixture f;
    edgeml_engine *engine = nullptr;
    EXPECT_STATUS(f.join(&engine, f.first, read_model("range_if")), EDGEML_E_UNSUPPORTED);
    EXPECT(test::last_error().find("has a subgraph") != std::string::npos);
    EXPECT_STATUS(f.join(&engine, f.last, f.first), EDGEML_E_INVALID_ARGUMENT); // logits alone cannot carry on
    EXPECT_STATUS(f.join(&engine, f.first, read_model("two_inputs")), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(f.join(&engine, f.first, read_model("unit_shared")), EDGEML_E_MODEL_REJECTED);
    EXPECT_STATUS(f.join(&engine, f.first, f.last, 1 << 20, 0), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(f.join(&engine, f.first, f.last, 1 << 20, 17), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(f.join(&engine, {'n', 'o'}, f.last), EDGEML_E_MODEL_REJECTED);
    auto desc = make<edgeml_join_desc>();
    EXPECT_STATUS(edgeml_engine_join(&engine, f.context, f.weights, &desc), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(edgeml_engine_join(&engine, f.context, nullptr, &desc), EDGEML_E_INVALID_ARGUMENT);
    EXPECT(engine == nullptr);
}

Message value(std::string_view name) {
    Message made;
    made.add(value_name, name);
    return made;
}

void add_node(Message &graph, std::string_view op, std::string_view input, std::string_view output) {
    Message node;
    node.add(node_op_type, op);
    node.add(node_input, input);
    node.add(node_output, output);
    if (op.starts_with("Reorder"))
        node.add(node_domain, "com.microsoft.nchwc");
    graph.add(graph_node, node);
}

std::vector<std::byte> finish(const Message &graph) {
    Message opset, model;
    opset.add(opset_version, std::uint64_t{13});
    model.add(model_opset, opset);
    model.add(model_graph, graph);
    return model.take();
}

// As optimisers leave a range: `reads_rows` tells whether its head wants rows.
std::vector<std::byte> range(std::string_view input, bool reads_rows, std::string_view blocked, std::string_view output,
                             std::string_view logits) {
    Message graph;
    graph.add(graph_input, value(input));
    graph.add(graph_output, value(output));
    add_node(graph, "ReorderInput", input, "in");
    add_node(graph, "Relu", "in", blocked);
    add_node(graph, "ReorderOutput", blocked, output);
    if (!logits.empty()) {
        graph.add(graph_output, value(logits));
        add_node(graph, "Head", reads_rows ? output : blocked, logits);
    }
    return finish(graph);
}

std::size_t count(const Graph &graph, std::string_view op) {
    return static_cast<std::size_t>(
        std::count_if(graph.nodes.begin(), graph.nodes.end(), [&](const Node &node) { return node.op == op; }));
}

void tensors_in_blocks_stay_in_blocks() {
    Fixture f;
    auto desc = make<edgeml_context_desc>();
    OrtWeightSet set(Runtime::join(desc));
    std::vector<std::byte> last = range("a", false, "out", "logits", "");
    for (bool reads_rows : {false, true}) {
        std::vector<std::byte> first = range("x", reads_rows, "out", "a", "exit");
        Bytes models[] = {first, last};
        std::uint32_t exits[] = {1, 0};
        std::vector<std::byte> joined = join_ranges(models, exits, set, 0);
        Graph graph = read_graph(joined);
        EXPECT(count(graph, "ReorderInput") == 1); // the model's own input
        EXPECT(count(graph, "ReorderOutput") == (reads_rows ? 2u : 1u));
        EXPECT(graph.inputs.size() == 2 && graph.inputs[0] == "x" && graph.inputs[1] == gate_input);
        EXPECT(graph.outputs.size() == 2 && graph.outputs[0] == "logits" && graph.outputs[1] == "exit");
        EXPECT(graph.versions.size() == 2 && graph.versions.at("") == 13 && graph.versions.at(gate_domain) == 1);
        auto gate = std::find_if(graph.nodes.begin(), graph.nodes.end(), [](const Node &n) { return n.op == "Gate"; });
        EXPECT(gate != graph.nodes.end() && gate->reads("0:out") && gate->reads("exit"));
        EXPECT(gate != graph.nodes.end() && std::count_if(graph.nodes.begin(), graph.nodes.end(), [&](const Node &n) {
                                                return n.op == "Relu" && n.reads(gate->outputs[0]);
                                            }) == 1);
    }
}

Bytes bytes_of(const std::vector<char> &model) {
    return std::as_bytes(std::span(model));
}

// Weights of models, in memory that nothing can write to: a kernel that does ends the test.
class ReadOnlyWeights {
  public:
    explicit ReadOnlyWeights(edgeml_weights *set) : set_(set) {}
    ReadOnlyWeights(const ReadOnlyWeights &) = delete;
    ReadOnlyWeights &operator=(const ReadOnlyWeights &) = delete;
    ~ReadOnlyWeights() {
#if !defined(_WIN32)
        for (void *page : pages_)
            munmap(page, page_bytes);
#endif
    }

    void add(std::string name, const std::vector<std::int64_t> &dims, Bytes data) {
        void *at = nullptr;
#if defined(_WIN32)
        at = copies_.emplace_back(data.begin(), data.end()).data();
#else
        at = mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        EXPECT(at != MAP_FAILED && data.size() <= page_bytes);
        pages_.push_back(at);
        std::memcpy(at, data.data(), data.size());
        EXPECT(mprotect(at, page_bytes, PROT_READ) == 0);
#endif
        REQUIRE(edgeml_weights_add(set_, name.c_str(), EDGEML_DTYPE_F32, dims.data(),
                                   static_cast<std::uint32_t>(dims.size()), at, data.size()));
    }

    // What a model has inline.
    void add(const std::vector<char> &model) {
        Graph graph = read_graph(bytes_of(model));
        for (const Tensor &tensor : graph.tensors)
            add(std::string(tensor.name), tensor.dims, tensor.data);
    }

  private:
    static constexpr std::size_t page_bytes = 16384;
    edgeml_weights *set_;
#if defined(_WIN32)
    std::vector<std::vector<std::byte>> copies_;
#else
    std::vector<void *> pages_;
#endif
};

std::vector<float> tokens_input() {
    std::vector<float> input(32 * 40);
    for (std::size_t i = 0; i < input.size(); ++i)
        input[i] = static_cast<float>(i * 7 % 23) / 23 - 0.5f;
    return input;
}

// Optimizers transpose the tensor that is added between two Transposes, under its own name.
void tensors_that_change_layout_are_not_shared() {
    Fixture f;
    ReadOnlyWeights weights(f.weights);
    std::vector<char> plain[] = {read_model("tokens1"), read_model("tokens2")};
    std::vector<char> shared[] = {read_model("tokens1_shared"), read_model("tokens2_shared")};
    for (const std::vector<char> &model : plain)
        weights.add(model);
    std::vector<float> input = tokens_input();
    edgeml_engine *one = nullptr, *two = nullptr;
    REQUIRE(test::load(&one, f.context, plain[0], nullptr, EDGEML_OPTIMIZE_NONE));
    REQUIRE(test::load(&two, f.context, plain[1], nullptr, EDGEML_OPTIMIZE_NONE));
    std::vector<float> middle = run(one, input, 0), exit = run(one, input, 1), logits = run(two, middle, 0);
    for (std::uint32_t level :
         {EDGEML_OPTIMIZE_DEFAULT, EDGEML_OPTIMIZE_BASIC, EDGEML_OPTIMIZE_EXTENDED, EDGEML_OPTIMIZE_ALL}) {
        edgeml_engine *engine = nullptr;
        REQUIRE(test::load(&engine, f.context, shared[0], f.weights, level));
        for (int again = 0; again < 2; ++again) {
            expect_same(run(engine, input, 0), middle);
            expect_same(run(engine, input, 1), exit);
        }
        edgeml_engine_destroy(engine);
    }
    for (auto &models : {shared, plain}) {
        edgeml_engine *joined = nullptr;
        EXPECT_STATUS(f.join(&joined, models[0], models[1]), EDGEML_OK);
        expect_same(run(joined, input, 0), logits);
        expect_same(run(joined, input, 1), exit);
        edgeml_engine_destroy(joined);
    }
    EXPECT(f.copied() == 0); // none of them are kept for others
    edgeml_engine_destroy(one);
    edgeml_engine_destroy(two);
}

void tensors_that_kernels_write_to_are_not_shared() {
    Fixture f;
    ReadOnlyWeights weights(f.weights);
    const float values[] = {1, 2, 3};
    for (const char *name : {"scale", "shift", "mean", "variance"})
        weights.add(name, {3}, std::as_bytes(std::span(values)));
    std::vector<float> input(3 * 8 * 8);
    for (std::size_t i = 0; i < input.size(); ++i)
        input[i] = static_cast<float>(i % 5);
    for (std::uint32_t level : {EDGEML_OPTIMIZE_NONE, EDGEML_OPTIMIZE_DEFAULT, EDGEML_OPTIMIZE_ALL}) {
        edgeml_engine *engine = nullptr;
        REQUIRE(test::load(&engine, f.context, read_model("training_shared"), f.weights, level));
        for (int again = 0; again < 2; ++again)
            EXPECT(run(engine, input, 0).size() == input.size());
        edgeml_engine_destroy(engine);
    }
}

Message node(std::string_view op, std::initializer_list<std::string_view> inputs, std::string_view output) {
    Message made;
    made.add(node_op_type, op);
    for (std::string_view input : inputs)
        made.add(node_input, input);
    made.add(node_output, output);
    return made;
}

void add_tensor(Message &graph, std::string_view name, std::uint64_t type = 1) {
    Message tensor;
    tensor.add(tensor_name, name);
    tensor.add(tensor_data_type, type);
    graph.add(graph_initializer, tensor);
}

void only_weights_of_products_are_shared() {
    Message body, attribute, branching, graph;
    body.add(graph_node, node("MatMul", {"c", "captured"}, "b"));
    attribute.add(attribute_graph, body);
    branching = node("If", {"some"}, "c");
    branching.add(node_attribute, attribute);
    graph.add(graph_node, node("Conv", {"x", "weight", "bias"}, "a"));
    graph.add(graph_node, node("MatMul", {"a", "matrix"}, "d"));
    graph.add(graph_node, node("MatMul", {"first", "d"}, "e"));
    graph.add(graph_node, node("Add", {"e", "both"}, "f"));
    graph.add(graph_node, node("Gemm", {"f", "both"}, "g"));
    graph.add(graph_node, node("MatMul", {"g", "bytes"}, "h"));
    graph.add(graph_node, node("MatMul", {"h", "output"}, "i"));
    graph.add(graph_node, node("MatMul", {"h", "captured"}, "c"));
    graph.add(graph_node, branching);
    graph.add(graph_output, value("output"));
    const char *names[] = {"weight", "bias", "matrix", "first", "both", "output", "captured"};
    for (const char *name : names)
        add_tensor(graph, name);
    add_tensor(graph, "bytes", 3);
    std::vector<std::byte> model = finish(graph);
    Graph read = read_graph(model);
    SharingRule rule(read);
    for (const Tensor &tensor : read.tensors)
        EXPECT(rule.allows(tensor) == (tensor.name == "weight" || tensor.name == "bias" || tensor.name == "matrix"));
}

std::string_view disabled(std::initializer_list<std::string_view> ops) {
    Message graph;
    std::string from = "x";
    for (std::string_view op : ops) {
        std::string to = from + "y";
        graph.add(graph_node, node(op, {from}, to));
        from = to;
    }
    std::vector<std::byte> model = finish(graph);
    return wrong_optimizers(read_graph(model));
}

void pads_before_pools_stay() {
    EXPECT(disabled({"Pad", "MaxPool"}) == "Pad_Fusion");
    EXPECT(disabled({"Conv", "Pad", "Transpose", "MaxPool"}) == "Pad_Fusion");
    EXPECT(disabled({"Pad", "Cast", "AveragePool"}) == "Pad_Fusion");
    EXPECT(disabled({"Pad", "Conv", "MaxPool"}).empty()); // which may take the zeros
    EXPECT(disabled({"MaxPool", "Pad", "Conv"}).empty());
}

} // namespace

int main() {
    joined_ranges_answer_like_ranges();
    bad_joins_are_refused();
    tensors_in_blocks_stay_in_blocks();
    tensors_that_change_layout_are_not_shared();
    tensors_that_kernels_write_to_are_not_shared();
    only_weights_of_products_are_shared();
    pads_before_pools_stay();
    return test::finish("join_tests");
}
