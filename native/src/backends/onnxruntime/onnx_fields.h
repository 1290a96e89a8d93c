// Field numbers of onnx.proto.
#pragma once

#include <cstdint>

namespace edgeml::ort::onnx {

inline constexpr std::uint32_t model_graph = 7, model_opset = 8;
inline constexpr std::uint32_t opset_domain = 1, opset_version = 2;
inline constexpr std::uint32_t graph_node = 1, graph_name = 2, graph_initializer = 5, graph_input = 11,
                               graph_output = 12;
inline constexpr std::uint32_t node_input = 1, node_output = 2, node_name = 3, node_op_type = 4, node_attribute = 5,
                               node_domain = 7;
inline constexpr std::uint32_t attribute_name = 1, attribute_int = 3, attribute_graph = 6, attribute_graphs = 11,
                               attribute_type = 20;
inline constexpr std::uint32_t tensor_dims = 1, tensor_data_type = 2, tensor_name = 8, tensor_raw_data = 9,
                               tensor_external_data = 13, tensor_data_location = 14;
inline constexpr std::uint32_t entry_key = 1, entry_value = 2;
inline constexpr std::uint32_t value_name = 1, value_type = 2;
inline constexpr std::uint32_t type_tensor = 1, tensor_type_element = 1, tensor_type_shape = 2;
inline constexpr std::uint32_t shape_dim = 1, dim_value = 1;

inline constexpr std::uint64_t location_external = 1;
inline constexpr std::uint64_t attribute_type_int = 2;
inline constexpr std::uint64_t element_int64 = 7;

} // namespace edgeml::ort::onnx
