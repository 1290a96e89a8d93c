#include "model_scan.h"

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

constexpr std::uint32_t wire_varint = 0;
constexpr std::uint32_t wire_fixed64 = 1;
constexpr std::uint32_t wire_bytes = 2;
constexpr std::uint32_t wire_fixed32 = 5;

using Bytes = std::span<const std::byte>;

// Visits the fields of one protobuf message.
class Fields {
  public:
    explicit Fields(Bytes message) : rest_(message) {}

    std::uint32_t number = 0;
    std::uint32_t wire = 0;
    std::uint64_t value = 0; // of a varint
    Bytes bytes;             // of a length-delimited field

    bool next() {
        std::uint64_t tag = 0;
        if (rest_.empty() || !varint(rest_, tag))
            return false;
        number = static_cast<std::uint32_t>(tag >> 3);
        wire = static_cast<std::uint32_t>(tag & 7);
        switch (wire) {
        case wire_varint:
            return varint(rest_, value);
        case wire_fixed64:
            return take(8);
        case wire_fixed32:
            return take(4);
        case wire_bytes: {
            std::uint64_t length = 0;
            return varint(rest_, length) && take(length);
        }
        default:
            return false;
        }
    }

    static bool varint(Bytes &from, std::uint64_t &out) {
        out = 0;
        for (std::uint32_t shift = 0; shift < 64 && !from.empty(); shift += 7) {
            std::uint64_t b = static_cast<std::uint64_t>(from.front());
            from = from.subspan(1);
            out |= (b & 0x7f) << shift;
            if ((b & 0x80) == 0)
                return true;
        }
        return false;
    }

  private:
    bool take(std::uint64_t length) {
        if (length > rest_.size())
            return false;
        bytes = rest_.first(static_cast<std::size_t>(length));
        rest_ = rest_.subspan(static_cast<std::size_t>(length));
        return true;
    }

    Bytes rest_;
};

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
        if (field.number == tensor_name && field.wire == wire_bytes)
            name.assign(reinterpret_cast<const char *>(field.bytes.data()), field.bytes.size());
        else if (field.number == tensor_dims && field.wire == wire_varint)
            dims.push_back(field.value);
        else if (field.number == tensor_dims && field.wire == wire_bytes)
            for (std::uint64_t dim = 0; !field.bytes.empty() && Fields::varint(field.bytes, dim);)
                dims.push_back(dim);
        else if (field.number == tensor_data_type && field.wire == wire_varint)
            type = field.value;
        else if (field.number == tensor_data_location && field.wire == wire_varint)
            location = field.value;
    }
    bool is_filter = dims.size() == 4;
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
        if (field.number == value_name && field.wire == wire_bytes)
            return text(field.bytes);
    return {};
}

} // namespace

ModelScan scan_model(Bytes model) {
    ModelScan scan;
    for (Fields top(model); top.next();) {
        if (top.number != model_graph || top.wire != wire_bytes)
            continue;
        for (Fields field(top.bytes); field.next();) {
            if (field.wire != wire_bytes)
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
