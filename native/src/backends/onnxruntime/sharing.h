// Which tensors sessions may read from memory that is not theirs.
#pragma once

#include "onnx_graph.h"

#include <set>
#include <string_view>
#include <vector>

namespace edgeml::ort {

class OrtWeightSet;

// ONNX Runtime takes initializers from outside by name, but its optimizers give some of them another layout under the
// same name (weights read after a Transpose), and kernels write into some (running statistics of BatchNormalization).
// Safe are those that nothing but convolutions and matrix products read, as weights or bias: optimizers replace these
// by tensors of other names, and their kernels only read.
class SharingRule {
  public:
    explicit SharingRule(const Graph &graph);
    bool allows(const Tensor &tensor) const;

  private:
    std::set<std::string_view> elsewhere_; // tensors that something else reads
};

// The model with those of its external tensors inline that may not be shared, copied from `weights`; empty where all
// may be. Throws EDGEML_E_UNSUPPORTED where that makes more than a model can hold.
std::vector<std::byte> inline_unshared(Bytes model, const Graph &graph, const OrtWeightSet &weights);

} // namespace edgeml::ort
