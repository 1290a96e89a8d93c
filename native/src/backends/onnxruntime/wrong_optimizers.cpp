#include "wrong_optimizers.h"

#include <algorithm>
#include <array>
#include <set>

namespace edgeml::ort {

namespace {

constexpr std::array<std::string_view, 10> products = {
    "Conv",   "ConvTranspose", "ConvInteger", "QLinearConv", "FusedConv",
    "MatMul", "Gemm",          "FusedMatMul", "FusedGemm",   "QLinearMatMul",
};

bool is_pool(const Node &node) {
    return node.op == "MaxPool" || node.op == "AveragePool" || node.op == "LpPool";
}

// Pad_Fusion moves zeros of a Pad into the pads of the operator after it. A pool ignores its own pads, where zeros of a
// Pad count: a maximum of negative numbers becomes another one. Optimizers may bring the two together, so everything
// between them but a convolution or a product counts as nothing.
bool has_pad_before_pool(const Graph &graph) {
    std::set<std::string_view> padded;
    bool has_found = false;
    for (bool grows = true; grows && !has_found;) {
        grows = false;
        for (const Node &node : graph.nodes) {
            bool is_padded = node.op == "Pad" || std::any_of(node.inputs.begin(), node.inputs.end(),
                                                             [&](auto input) { return padded.contains(input); });
            if (!is_padded)
                continue;
            has_found |= is_pool(node);
            if (std::find(products.begin(), products.end(), node.op) != products.end())
                continue;
            for (std::string_view output : node.outputs)
                grows |= !output.empty() && padded.insert(output).second;
        }
    }
    return has_found || std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const Node &node) {
               return std::any_of(node.subgraphs.begin(), node.subgraphs.end(),
                                  [](Bytes body) { return has_pad_before_pool(read_body(body)); });
           });
}

} // namespace

std::string_view wrong_optimizers(const Graph &graph) {
    return has_pad_before_pool(graph) ? "Pad_Fusion" : std::string_view();
}

} // namespace edgeml::ort
