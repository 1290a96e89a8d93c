// The texts of exit_basic.ptx and exit_graph.ptx, put into the library by CMake. generate.sh makes them from
// kernels.cu.
#pragma once

namespace edgeml::cuda {

extern const char exit_basic_ptx[];
extern const char exit_graph_ptx[];

} // namespace edgeml::cuda
