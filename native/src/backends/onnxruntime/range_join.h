// Consecutive ranges of a network in one model, a gate at each stop between them; see edgeml_join_desc.
#pragma once

#include "onnx_wire.h"
#include "weight_set.h"

namespace edgeml::ort {

// Where both sides of a stop are in ONNX Runtime's blocked layout (NCHWc), the tensor passes as it is instead of going
// through rows. `models` are the ranges as they are or as ONNX Runtime has optimised them; they put out the tensor that
// carries on, then the logits of their exit, which is `exits` of the same index. Large tensors come from `weights`,
// which gets copies of those it lacks. Throws EDGEML_E_UNSUPPORTED where ranges cannot be joined: subgraphs, versions
// of operators that differ, more bytes of copies than `copy_limit`.
std::vector<std::byte> join_ranges(std::span<const Bytes> models, std::span<const std::uint32_t> exits,
                                   OrtWeightSet &weights, std::uint64_t copy_limit);

} // namespace edgeml::ort
