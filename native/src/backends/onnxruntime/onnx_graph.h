// An ONNX file taken apart as far as joining needs it. Everything points into the file's bytes.
#pragma once

#include "onnx_fields.h"
#include "onnx_wire.h"

#include <map>

namespace edgeml::ort {

struct Node {
    std::string_view name; // or its first output's
    std::string_view op;
    std::string_view domain; // empty for ONNX's own
    std::vector<std::string_view> inputs;
    std::vector<std::string_view> outputs;
    std::vector<Bytes> fields;      // all but names of node and tensors
    std::vector<Bytes> subgraphs;   // bodies of If, Loop and the like, for read_body
    bool has_channels_last = false; // with another value than 0

    bool reads(std::string_view tensor) const noexcept;
    // Whether it brings a tensor into or out of ONNX Runtime's blocked layout.
    bool is_reorder(std::string_view kind) const noexcept {
        return op == kind && domain == "com.microsoft.nchwc" && !has_channels_last && !inputs.empty();
    }
};

struct Tensor {
    std::string_view name;
    std::vector<std::int64_t> dims;
    std::uint64_t type = 0; // ONNX's number
    Bytes data;             // empty where the file has it in another form or place
    bool is_external = false;
    std::vector<Bytes> fields; // all but the name
};

struct Graph {
    std::string_view name;
    std::vector<std::string_view> inputs;
    std::vector<std::string_view> outputs;
    std::vector<Bytes> input_fields;
    std::vector<Bytes> output_fields;
    std::vector<Node> nodes;
    std::vector<Tensor> tensors;
    std::map<std::string_view, std::uint64_t> versions; // of operators, by domain
    std::vector<Bytes> model_fields;                    // all but graph and versions
};

Graph read_graph(Bytes model);
Graph read_body(Bytes body); // of a subgraph: no versions, no fields of the model

} // namespace edgeml::ort
