// An ONNX file as far as the shipped model needs it: float32, one input, static shapes but for the batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace bench {

struct OnnxTensor {
    std::vector<std::int64_t> dims;
    std::vector<float> values;
};

struct OnnxNode {
    std::string op;
    std::vector<std::string> inputs, outputs;
    std::map<std::string, std::vector<std::int64_t>> integers; // attributes
};

struct OnnxGraph {
    std::vector<OnnxNode> nodes;                 // in the file's order, which respects dependencies; without constants
    std::map<std::string, OnnxTensor> constants; // initializers and constant nodes
    std::string input;
    std::vector<std::int64_t> input_dims; // 0 for one that is open
    std::vector<std::string> outputs;
};

// edgeml::Error, EDGEML_E_MODEL_REJECTED, for bytes that are no such file.
OnnxGraph read_onnx(std::span<const std::byte> file);

} // namespace bench
