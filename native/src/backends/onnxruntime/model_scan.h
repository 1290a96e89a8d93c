// Facts about an ONNX file needed before ONNX Runtime reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace edgeml::ort {

struct ModelScan {
    std::vector<std::string> inputs;         // of the main graph, initializers that are listed there included
    std::vector<std::string> outputs;        // of the main graph
    std::vector<std::string> external;       // initializers of the main graph whose data lies elsewhere
    std::uint64_t external_filter_bytes = 0; // of those that are filters of convolutions (rank 4), by shape
    std::uint32_t filters = 0;               // all of rank 4
    std::uint32_t wide_filters = 0;          // of those: larger than 1x1, with at least 256 channels in and out
};

// Walks the file without decoding more than the initializers' heads. Malformed input ends the walk: judging it is the
// inference library's business.
ModelScan scan_model(std::span<const std::byte> model);

} // namespace edgeml::ort
