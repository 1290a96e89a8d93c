// Optimizers of ONNX Runtime that are known to change the answers of some models.
#pragma once

#include "onnx_graph.h"

namespace edgeml::ort {

// Names for "optimization.disable_specified_optimizers", empty where none has to be switched off.
std::string_view wrong_optimizers(const Graph &graph);

} // namespace edgeml::ort
