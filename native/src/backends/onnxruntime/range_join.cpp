#include "range_join.h"

#include "gate.h"
#include "onnx_graph.h"
#include "sharing.h"

#include <algorithm>
#include <map>
#include <set>

namespace edgeml::ort {

using namespace onnx;

namespace {

// Smaller tensors get no separate name.
constexpr std::size_t least_shared = 4096;

[[noreturn]] void refuse(const std::string &text) {
    throw Error(EDGEML_E_UNSUPPORTED, text);
}

// The node that puts a tensor into rows; null where the tensor was never blocked.
const Node *unblocks(const Graph &graph, std::string_view tensor) {
    for (const Node &node : graph.nodes)
        if (node.is_reorder("ReorderOutput") && node.outputs[0] == tensor)
            return &node;
    return nullptr;
}

// The nodes that put an input into blocks; empty unless they are its only readers.
std::set<const Node *> blocks(const Graph &graph) {
    std::set<const Node *> readers;
    for (const Node &node : graph.nodes) {
        if (!node.reads(graph.inputs[0]))
            continue;
        if (!node.is_reorder("ReorderInput"))
            return {};
        readers.insert(&node);
    }
    return readers;
}

bool worth_keeping(const Tensor &tensor) {
    return tensor.data.size() >= least_shared && from_onnx_type(static_cast<int>(tensor.type)) != EDGEML_DTYPE_OTHER;
}

class Join {
  public:
    explicit Join(OrtWeightSet &weights) : weights_(weights) {}

    std::vector<std::byte> operator()(const std::vector<Graph> &ranges, std::span<const std::uint32_t> exits) {
        graph_.add(graph_name, ranges[0].name);
        graph_.add_whole(ranges[0].input_fields[0]);
        if (ranges.size() > 1) {
            graph_.add(graph_input, gate_description());
            versions_.emplace(gate_domain, 1);
        }
        for (Bytes output : ranges.back().output_fields)
            graph_.add_whole(output);
        std::string passed(ranges[0].inputs[0]);
        for (std::size_t i = 0; i < ranges.size(); ++i)
            passed = add(ranges, i, std::move(passed), exits[i]);

        Message model;
        for (Bytes field : ranges[0].model_fields)
            model.add_whole(field);
        for (const auto &[domain, version] : versions_) {
            Message opset;
            opset.add(opset_domain, domain);
            opset.add(opset_version, version);
            model.add(model_opset, opset);
        }
        model.add(model_graph, graph_);
        return model.take();
    }

  private:
    // Adds a range that reads `input`; returns the input of the next one.
    std::string add(const std::vector<Graph> &ranges, std::size_t index, std::string input, std::uint32_t exit) {
        const Graph &range = ranges[index];
        bool ends = index + 1 == ranges.size();
        add_versions(range);
        prefix_ = std::to_string(index) + ":";
        names_ = {{std::string_view(), std::string()}, {range.inputs[0], input}};
        std::set<const Node *> left;
        if (index > 0 && is_blocked(ranges, index - 1)) {
            left = blocks(range);
            for (const Node *node : left)
                names_[node->outputs[0]] = input;
        }
        std::string_view trunk = ends ? std::string_view() : range.outputs[0];
        if (!ends && is_blocked(ranges, index)) {
            const Node *last = unblocks(range, trunk);
            if (std::none_of(range.nodes.begin(), range.nodes.end(), [&](const Node &n) { return n.reads(trunk); }))
                left.insert(last);
            trunk = last->inputs[0];
        }
        for (std::size_t output = ends ? 0 : 1; output < range.outputs.size(); ++output)
            names_[range.outputs[output]] = range.outputs[output];

        SharingRule rule(range);
        for (const Tensor &tensor : range.tensors)
            add_tensor(tensor, rule.allows(tensor));
        for (const Node &node : range.nodes)
            if (!left.contains(&node))
                add_node(node);
        if (ends)
            return {};
        graph_.add_whole(range.output_fields[1]);
        std::string passed = std::string(gate_domain) + ":" + std::to_string(index);
        add_gate(name(trunk), range.outputs[1], passed, exit);
        return passed;
    }

    static bool is_blocked(const std::vector<Graph> &ranges, std::size_t before) {
        return unblocks(ranges[before], ranges[before].outputs[0]) != nullptr && !blocks(ranges[before + 1]).empty();
    }

    // Names of one range, made different from those of the others.
    const std::string &name(std::string_view of) {
        auto found = names_.find(of);
        return found != names_.end() ? found->second : names_[of] = prefix_ + std::string(of);
    }

    // An optimised graph names every domain that the process knows.
    void add_versions(const Graph &range) {
        for (const auto &[domain, version] : range.versions) {
            if (std::none_of(range.nodes.begin(), range.nodes.end(), [&](const Node &n) { return n.domain == domain; }))
                continue;
            auto [known, is_new] = versions_.emplace(domain, version);
            if (!is_new && known->second != version)
                refuse("ranges use the operators of '" + std::string(domain) + "' in versions " +
                       std::to_string(known->second) + " and " + std::to_string(version));
        }
    }

    // An optimised graph has all tensors inline: those that are still the package's go back to be shared.
    void add_tensor(const Tensor &tensor, bool may_share) {
        std::string shared = may_share ? weights_.find(tensor) : std::string();
        if (shared.empty() && tensor.is_external)
            throw Error(EDGEML_E_MODEL_REJECTED, "the model takes tensor " + std::string(tensor.name) +
                                                     " from its weights, which have none of that name");
        if (shared.empty() && may_share && worth_keeping(tensor))
            shared = weights_.keep(tensor);
        Message own;
        if (shared.empty()) {
            for (Bytes field : tensor.fields)
                own.add_whole(field);
            own.add(tensor_name, name(tensor.name));
        } else {
            names_[tensor.name] = shared;
            if (!taken_.insert(shared).second)
                return;
            for (std::int64_t dim : tensor.dims)
                own.add(tensor_dims, static_cast<std::uint64_t>(dim));
            own.add(tensor_data_type, tensor.type);
            own.add(tensor_name, shared);
            own.add(tensor_data_location, location_external);
            Message entry;
            entry.add(entry_key, "location");
            entry.add(entry_value, "shared");
            own.add(tensor_external_data, entry);
        }
        graph_.add(graph_initializer, own);
    }

    void add_node(const Node &node) {
        if (!node.subgraphs.empty())
            refuse("node '" + std::string(node.name) + "' (" + std::string(node.op) + ") has a subgraph");
        Message own;
        for (std::string_view input : node.inputs)
            own.add(node_input, name(input));
        for (std::string_view output : node.outputs)
            own.add(node_output, name(output));
        own.add(node_name, prefix_ + std::string(node.name));
        for (Bytes field : node.fields)
            own.add_whole(field);
        graph_.add(graph_node, own);
    }

    void add_gate(const std::string &trunk, std::string_view logits, const std::string &passed, std::uint32_t exit) {
        Message attribute;
        attribute.add(attribute_name, "exit");
        attribute.add(attribute_type, attribute_type_int);
        attribute.add(attribute_int, std::uint64_t{exit});
        Message node;
        node.add(node_input, trunk);
        node.add(node_input, logits);
        node.add(node_input, gate_input);
        node.add(node_output, passed);
        node.add(node_name, passed);
        node.add(node_op_type, "Gate");
        node.add(node_domain, gate_domain);
        node.add(node_attribute, attribute);
        graph_.add(graph_node, node);
    }

    static Message gate_description() {
        Message dim, shape, tensor, type, value;
        dim.add(dim_value, std::uint64_t{1});
        shape.add(shape_dim, dim);
        tensor.add(tensor_type_element, element_int64);
        tensor.add(tensor_type_shape, shape);
        type.add(type_tensor, tensor);
        value.add(value_name, gate_input);
        value.add(value_type, type);
        return value;
    }

    OrtWeightSet &weights_;
    Message graph_;
    std::map<std::string_view, std::uint64_t> versions_;
    std::set<std::string> taken_; // shared tensors that the model has already
    std::string prefix_;
    std::map<std::string_view, std::string> names_;
};

} // namespace

std::vector<std::byte> join_ranges(std::span<const Bytes> models, std::span<const std::uint32_t> exits,
                                   OrtWeightSet &weights, std::uint64_t copy_limit) {
    std::vector<Graph> ranges;
    std::uint64_t missing = 0;
    for (Bytes model : models) {
        Graph range = read_graph(model);
        bool ends = ranges.size() + 1 == models.size();
        if (range.inputs.size() != 1 || range.outputs.empty() || (!ends && range.outputs.size() != 2))
            reject("range " + std::to_string(ranges.size()) + " has " + std::to_string(range.inputs.size()) +
                   " inputs and " + std::to_string(range.outputs.size()) + " outputs, 1 and " + (ends ? "1..2" : "2") +
                   " expected");
        SharingRule rule(range);
        for (const Tensor &tensor : range.tensors)
            if (rule.allows(tensor) && worth_keeping(tensor) && weights.find(tensor).empty())
                missing += tensor.data.size();
        ranges.push_back(std::move(range));
    }
    // Before anything is kept: kept objects stay.
    if (weights.copied_bytes() + missing > copy_limit)
        refuse(std::to_string(missing) + " bytes of tensors in another layout beside " +
               std::to_string(weights.copied_bytes()) + " are more than the limit of " + std::to_string(copy_limit));
    return Join(weights)(ranges, exits);
}

} // namespace edgeml::ort
