// Types and shapes, in 64 bits and checked before anything is allocated.
#pragma once

#include "edgeml/edgeml.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace edgeml {

struct TensorInfo {
    std::string name;
    std::uint32_t dtype = EDGEML_DTYPE_OTHER;
    std::vector<std::int64_t> dims;
    std::uint64_t bytes = 0;
};

// Bytes of one element; 0 for EDGEML_DTYPE_OTHER and unknown values.
std::uint32_t dtype_bytes(std::uint32_t dtype) noexcept;
const char *dtype_name(std::uint32_t dtype) noexcept;

// Product of dims and element size. Throws when a dimension is negative or the result exceeds EDGEML_MAX_BUFFER_BYTES.
std::uint64_t tensor_bytes(std::span<const std::int64_t> dims, std::uint32_t dtype, const std::string &name);

// "f32 1x64x8x8 (16384 bytes)"
std::string describe(const TensorInfo &tensor);

void write_tensor_info(edgeml_tensor_info *out, const TensorInfo &tensor);

} // namespace edgeml
