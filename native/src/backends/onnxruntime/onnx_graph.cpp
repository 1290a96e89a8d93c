#include "onnx_graph.h"

#include <algorithm>

namespace edgeml::ort {

using namespace onnx;

namespace {

std::string_view plain(std::string_view domain) {
    return domain == "ai.onnx" ? std::string_view() : domain;
}

void read_attribute(Bytes attribute, Node &node) {
    std::string_view name;
    std::uint64_t number = 0;
    for (Fields field(attribute); field.next();) {
        if (field.is_bytes(attribute_name))
            name = text(field.bytes);
        else if (field.is_varint(attribute_int))
            number = field.value;
        else if (field.is_bytes(attribute_graph) || field.is_bytes(attribute_graphs))
            node.subgraphs.push_back(field.bytes);
    }
    node.has_channels_last |= name == "channels_last" && number != 0;
}

Node read_node(Bytes bytes) {
    Node node;
    for (Fields field(bytes); field.next();) {
        if (field.is_bytes(node_input)) {
            node.inputs.push_back(text(field.bytes));
            continue;
        }
        if (field.is_bytes(node_output)) {
            node.outputs.push_back(text(field.bytes));
            continue;
        }
        if (field.is_bytes(node_name)) {
            node.name = text(field.bytes);
            continue;
        }
        if (field.is_bytes(node_op_type))
            node.op = text(field.bytes);
        else if (field.is_bytes(node_domain))
            node.domain = plain(text(field.bytes));
        else if (field.is_bytes(node_attribute))
            read_attribute(field.bytes, node);
        node.fields.push_back(field.whole);
    }
    if (node.outputs.empty())
        node.outputs.emplace_back();
    if (node.name.empty())
        node.name = *std::max_element(node.outputs.begin(), node.outputs.end(),
                                      [](auto a, auto b) { return a.empty() && !b.empty(); });
    return node;
}

Tensor read_tensor(Bytes bytes) {
    Tensor tensor;
    for (Fields field(bytes); field.next();) {
        if (field.is_bytes(tensor_name)) {
            tensor.name = text(field.bytes);
            continue;
        }
        if (field.is_varint(tensor_dims))
            tensor.dims.push_back(static_cast<std::int64_t>(field.value));
        else if (field.is_bytes(tensor_dims))
            for (std::uint64_t dim = 0; !field.bytes.empty() && Fields::varint(field.bytes, dim);)
                tensor.dims.push_back(static_cast<std::int64_t>(dim));
        else if (field.is_varint(tensor_data_type))
            tensor.type = field.value;
        else if (field.is_bytes(tensor_raw_data))
            tensor.data = field.bytes;
        else if (field.is_varint(tensor_data_location))
            tensor.is_external = field.value == location_external;
        tensor.fields.push_back(field.whole);
    }
    return tensor;
}

std::string_view name_of_value(Bytes value) {
    for (Fields field(value); field.next();)
        if (field.is_bytes(value_name))
            return text(field.bytes);
    return {};
}

void read_version(Bytes opset, Graph &graph) {
    std::string_view domain;
    std::uint64_t version = 0;
    for (Fields field(opset); field.next();) {
        if (field.is_bytes(opset_domain))
            domain = plain(text(field.bytes));
        else if (field.is_varint(opset_version))
            version = field.value;
    }
    graph.versions.emplace(domain, version);
}

void read_into(Bytes body, Graph &graph) {
    for (Fields field(body); field.next();) {
        if (field.is_bytes(graph_node)) {
            graph.nodes.push_back(read_node(field.bytes));
        } else if (field.is_bytes(graph_name)) {
            graph.name = text(field.bytes);
        } else if (field.is_bytes(graph_initializer)) {
            graph.tensors.push_back(read_tensor(field.bytes));
        } else if (field.is_bytes(graph_input)) {
            graph.inputs.push_back(name_of_value(field.bytes));
            graph.input_fields.push_back(field.whole);
        } else if (field.is_bytes(graph_output)) {
            graph.outputs.push_back(name_of_value(field.bytes));
            graph.output_fields.push_back(field.whole);
        }
    }
}

} // namespace

bool Node::reads(std::string_view tensor) const noexcept {
    return std::find(inputs.begin(), inputs.end(), tensor) != inputs.end();
}

Graph read_graph(Bytes model) {
    Graph graph;
    Bytes body;
    for (Fields top(model); top.next();) {
        if (top.is_bytes(model_graph))
            body = top.bytes;
        else if (top.is_bytes(model_opset))
            read_version(top.bytes, graph);
        else
            graph.model_fields.push_back(top.whole);
    }
    read_into(body, graph);
    return graph;
}

Graph read_body(Bytes body) {
    Graph graph;
    read_into(body, graph);
    return graph;
}

} // namespace edgeml::ort
