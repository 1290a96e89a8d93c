// Ranges joined into one engine: answers, shared copies, refusals, and what becomes of the blocked layout at a stop.
#include "check.h"

#include "backends/onnxruntime/gate.h"
#include "backends/onnxruntime/onnx_fields.h"
#include "backends/onnxruntime/range_join.h"

#include <algorithm>
#include <cstring>

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
    edgeml_probe *probe = nullptr;
    REQUIRE(edgeml_probe_create(&probe, engine, inputs, bytes, 1));
    auto info = make<edgeml_tensor_info>();
    const void *data = nullptr;
    REQUIRE(edgeml_probe_get_output(&info, &data, probe, output));
    std::vector<float> values(static_cast<std::size_t>(info.bytes) / sizeof(float));
    std::memcpy(values.data(), data, static_cast<std::size_t>(info.bytes));
    edgeml_probe_destroy(probe);
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
    if (copied > 0) { // the processor has a layout of its own
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

} // namespace

int main() {
    joined_ranges_answer_like_ranges();
    bad_joins_are_refused();
    tensors_in_blocks_stay_in_blocks();
    return test::finish("join_tests");
}
