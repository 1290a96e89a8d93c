#include "sharing.h"

#include "onnx_fields.h"
#include "weight_set.h"

namespace edgeml::ort {

using namespace onnx;

namespace {

constexpr std::uint64_t onnx_float = 1, onnx_float16 = 10;

// Whether an operator reads this input as weights or bias, in the layout that the model gives.
bool is_weight(const Node &node, std::size_t input) {
    if (node.domain.empty() || node.domain == "com.microsoft.nchwc") {
        if (node.op == "Conv" || (node.domain.empty() && (node.op == "ConvTranspose" || node.op == "Gemm")))
            return input == 1 || input == 2;
        return node.domain.empty() && node.op == "MatMul" && input == 1;
    }
    if (node.domain != "com.microsoft")
        return false;
    if (node.op == "FusedConv" || node.op == "FusedGemm")
        return input == 1 || input == 2;
    return node.op == "FusedMatMul" && input == 1;
}

void add_reads(const Graph &graph, bool is_subgraph, std::set<std::string_view> &elsewhere) {
    for (const Node &node : graph.nodes) {
        for (std::size_t i = 0; i < node.inputs.size(); ++i)
            if (is_subgraph || !is_weight(node, i))
                elsewhere.insert(node.inputs[i]);
        for (Bytes body : node.subgraphs)
            add_reads(read_body(body), true, elsewhere);
    }
    elsewhere.insert(graph.outputs.begin(), graph.outputs.end());
}

} // namespace

SharingRule::SharingRule(const Graph &graph) {
    add_reads(graph, false, elsewhere_);
}

bool SharingRule::allows(const Tensor &tensor) const {
    return (tensor.type == onnx_float || tensor.type == onnx_float16) && !elsewhere_.contains(tensor.name);
}

std::vector<std::byte> inline_unshared(Bytes model, const Graph &graph, const OrtWeightSet &weights) {
    SharingRule rule(graph);
    std::set<std::string_view> names;
    std::uint64_t bytes = model.size();
    for (const Tensor &tensor : graph.tensors) {
        if (!tensor.is_external || rule.allows(tensor))
            continue;
        names.insert(tensor.name);
        bytes += weights.data_of(tensor.name).size();
    }
    if (names.empty())
        return {};
    if (bytes > INT32_MAX)
        throw Error(EDGEML_E_UNSUPPORTED, std::to_string(bytes) + " bytes of a model with the tensors that cannot be " +
                                              "shared, 2147483647 are possible");
    Message whole;
    for (Fields top(model); top.next();) {
        if (!top.is_bytes(model_graph)) {
            whole.add_whole(top.whole);
            continue;
        }
        Message body;
        for (Fields field(top.bytes); field.next();) {
            std::string_view name;
            if (field.is_bytes(graph_initializer))
                for (Fields part(field.bytes); part.next();)
                    if (part.is_bytes(tensor_name))
                        name = text(part.bytes);
            if (!names.contains(name)) {
                body.add_whole(field.whole);
                continue;
            }
            Message tensor;
            for (Fields part(field.bytes); part.next();)
                if (part.number != tensor_external_data && part.number != tensor_data_location)
                    tensor.add_whole(part.whole);
            tensor.add(tensor_raw_data, weights.data_of(name));
            body.add(graph_initializer, tensor);
        }
        whole.add(model_graph, body);
    }
    return whole.take();
}

} // namespace edgeml::ort
