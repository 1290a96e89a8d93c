#include "onnx_graph.h"

#include "protobuf.h"
#include "status.h"

#include <cstring>

namespace bench {

namespace {

using edgeml::ProtobufFields;
using Bytes = ProtobufFields::Bytes;

std::string text(Bytes bytes) {
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

void append_integers(const ProtobufFields &field, std::vector<std::int64_t> &to) {
    if (field.wire == ProtobufFields::varint_wire) {
        to.push_back(static_cast<std::int64_t>(field.value));
        return;
    }
    std::uint64_t value = 0;
    for (Bytes packed = field.bytes; !packed.empty() && ProtobufFields::varint(packed, value);)
        to.push_back(static_cast<std::int64_t>(value));
}

OnnxTensor read_tensor(Bytes message, std::string *name) {
    OnnxTensor tensor;
    Bytes data;
    std::uint64_t type = 0;
    for (ProtobufFields field(message); field.next();)
        if (field.number == 1)
            append_integers(field, tensor.dims);
        else if (field.number == 2)
            type = field.value;
        else if (field.number == 4 || field.number == 9) // packed floats, raw bytes: the same on this byte order
            data = field.bytes;
        else if (field.number == 8 && name != nullptr)
            *name = text(field.bytes);
    std::size_t count = 1;
    for (std::int64_t dim : tensor.dims)
        count *= static_cast<std::size_t>(dim);
    if (type != 1 || data.size() != count * sizeof(float))
        throw edgeml::Error(EDGEML_E_MODEL_REJECTED, "a constant that is not float32 inside the file");
    tensor.values.resize(count);
    std::memcpy(tensor.values.data(), data.data(), data.size());
    return tensor;
}

void read_node(Bytes message, OnnxGraph &graph) {
    OnnxNode node;
    for (ProtobufFields field(message); field.next();) {
        if (field.number == 1)
            node.inputs.push_back(text(field.bytes));
        else if (field.number == 2)
            node.outputs.push_back(text(field.bytes));
        else if (field.number == 4)
            node.op = text(field.bytes);
        else if (field.number == 5) {
            std::string name;
            std::vector<std::int64_t> integers;
            Bytes tensor;
            for (ProtobufFields part(field.bytes); part.next();)
                if (part.number == 1)
                    name = text(part.bytes);
                else if (part.number == 3 || part.number == 8)
                    append_integers(part, integers);
                else if (part.number == 5)
                    tensor = part.bytes;
            if (!tensor.empty())
                graph.constants[node.outputs.at(0)] = read_tensor(tensor, nullptr);
            node.integers[name] = integers;
        }
    }
    if (node.op != "Constant")
        graph.nodes.push_back(std::move(node));
}

// Of a ValueInfoProto: type, tensor, shape, dimensions, each with its value.
std::string read_value(Bytes message, std::vector<std::int64_t> *dims) {
    std::string name;
    for (ProtobufFields field(message); field.next();) {
        if (field.number == 1)
            name = text(field.bytes);
        if (field.number != 2 || dims == nullptr)
            continue;
        for (ProtobufFields type(field.bytes); type.next();)
            for (ProtobufFields tensor(type.bytes); tensor.next();)
                for (ProtobufFields shape(tensor.number == 2 ? tensor.bytes : Bytes{}); shape.next();) {
                    std::int64_t value = 0;
                    for (ProtobufFields dim(shape.bytes); dim.next();)
                        value = dim.number == 1 ? static_cast<std::int64_t>(dim.value) : value;
                    dims->push_back(value);
                }
    }
    return name;
}

} // namespace

OnnxGraph read_onnx(std::span<const std::byte> file) {
    OnnxGraph graph;
    for (ProtobufFields top(file); top.next();) {
        if (top.number != 7)
            continue;
        for (ProtobufFields field(top.bytes); field.next();)
            if (field.number == 1)
                read_node(field.bytes, graph);
            else if (field.number == 5) {
                std::string name;
                OnnxTensor tensor = read_tensor(field.bytes, &name);
                graph.constants[name] = std::move(tensor);
            } else if (field.number == 11)
                graph.input = read_value(field.bytes, &graph.input_dims);
            else if (field.number == 12)
                graph.outputs.push_back(read_value(field.bytes, nullptr));
    }
    if (graph.nodes.empty() || graph.input_dims.size() != 4 || graph.outputs.empty())
        throw edgeml::Error(EDGEML_E_MODEL_REJECTED, "no ONNX network with an input of four dimensions");
    return graph;
}

} // namespace bench
