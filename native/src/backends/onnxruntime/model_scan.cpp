#include "model_scan.h"

#include "protobuf.h"

namespace edgeml::ort {

namespace {

// Field numbers of onnx.proto.
constexpr std::uint32_t model_graph = 7;
constexpr std::uint32_t graph_initializer = 5;
constexpr std::uint32_t graph_input = 11;
constexpr std::uint32_t graph_output = 12;
constexpr std::uint32_t value_name = 1;
constexpr std::uint32_t tensor_dims = 1;
constexpr std::uint32_t tensor_data_type = 2;
constexpr std::uint32_t tensor_name = 8;
constexpr std::uint32_t tensor_data_location = 14;
constexpr std::uint64_t location_external = 1;
constexpr std::uint64_t onnx_float = 1;
constexpr std::uint64_t onnx_float16 = 10;

using Fields = ProtobufFields;
using Bytes = Fields::Bytes;

std::uint64_t element_bytes(std::uint64_t onnx_type) {
    switch (onnx_type) {
    case 1:  // float
    case 6:  // int32
    case 12: // uint32
        return 4;
    case 7:  // int64
    case 11: // double
    case 13: // uint64
        return 8;
    case 4:  // uint16
    case 5:  // int16
    case 10: // float16
    case 16: // bfloat16
        return 2;
    default:
        return 1;
    }
}

void scan_initializer(Bytes tensor, ModelScan &scan) {
    std::string name;
    std::vector<std::uint64_t> dims;
    std::uint64_t type = 0, location = 0;
    for (Fields field(tensor); field.next();) {
        if (field.number == tensor_name && field.wire == Fields::bytes_wire)
            name.assign(reinterpret_cast<const char *>(field.bytes.data()), field.bytes.size());
        else if (field.number == tensor_dims && field.wire == Fields::varint_wire)
            dims.push_back(field.value);
        else if (field.number == tensor_dims && field.wire == Fields::bytes_wire)
            for (std::uint64_t dim = 0; !field.bytes.empty() && Fields::varint(field.bytes, dim);)
                dims.push_back(dim);
        else if (field.number == tensor_data_type && field.wire == Fields::varint_wire)
            type = field.value;
        else if (field.number == tensor_data_location && field.wire == Fields::varint_wire)
            location = field.value;
    }
    // Kernels of integers want a layout that all optimisations together bring.
    bool is_filter = dims.size() == 4 && (type == onnx_float || type == onnx_float16);
    if (is_filter) {
        ++scan.filters;
        scan.wide_filters += dims[0] >= 256 && dims[1] >= 256 && dims[2] * dims[3] > 1;
    }
    if (location == location_external) {
        scan.external.push_back(std::move(name));
        if (is_filter)
            scan.external_filter_bytes += dims[0] * dims[1] * dims[2] * dims[3] * element_bytes(type);
    }
}

std::string text(Bytes bytes) {
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

std::string name_of_value(Bytes value) {
    for (Fields field(value); field.next();)
        if (field.number == value_name && field.wire == Fields::bytes_wire)
            return text(field.bytes);
    return {};
}

} // namespace

ModelScan scan_model(Bytes model) {
    ModelScan scan;
    for (Fields top(model); top.next();) {
        if (top.number != model_graph || top.wire != Fields::bytes_wire)
            continue;
        for (Fields field(top.bytes); field.next();) {
            if (field.wire != Fields::bytes_wire)
                continue;
            if (field.number == graph_initializer)
                scan_initializer(field.bytes, scan);
            else if (field.number == graph_input)
                scan.inputs.push_back(name_of_value(field.bytes));
            else if (field.number == graph_output)
                scan.outputs.push_back(name_of_value(field.bytes));
        }
    }
    return scan;
}

} // namespace edgeml::ort
