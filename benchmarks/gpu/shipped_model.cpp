#include "shipped_model.h"

#include "status.h"

#include <algorithm>
#include <set>
#include <utility>

namespace bench {

namespace {

using edgeml::Error;

struct Shape {
    std::int32_t channels = 0, height = 0, width = 0;
    std::int32_t elements() const { return channels * height * width; }
};

// Turns nodes into layers: a Relu is part of the layer before it, Sub and Mul are one, Flatten is a name.
class LayerReader {
  public:
    explicit LayerReader(const OnnxGraph &graph) : graph_(graph) {
        shapes_[graph.input] = {static_cast<std::int32_t>(graph.input_dims[1]),
                                static_cast<std::int32_t>(graph.input_dims[2]),
                                static_cast<std::int32_t>(graph.input_dims[3])};
        for (const OnnxNode &node : graph.nodes)
            read(node);
    }

    std::vector<Layer> layers;
    const Shape &shape(const std::string &name) const { return shapes_.at(name); }

  private:
    void read(const OnnxNode &node) {
        const std::string &in = node.inputs[0], &out = node.outputs[0];
        const Shape from = shapes_.at(in);
        Layer layer{};
        layer.input = in;
        layer.output = out;
        if (node.op == "Flatten") {
            shapes_[out] = {from.elements(), 1, 1};
            for (Layer &each : layers)
                each.output = each.output == in ? out : each.output; // has no other reader
            return;
        }
        if (node.op == "Relu" || node.op == "Mul") {
            Layer &before = layers.back();
            if (before.output != in || (node.op == "Relu") != (before.kind == Layer::Kind::conv))
                throw Error(EDGEML_E_MODEL_REJECTED, node.op + " after another layer");
            if (node.op == "Relu")
                before.conv.relu = 1;
            else
                before.scale.factor = constant(node.inputs[1]).values.at(0);
            before.output = out;
            shapes_[out] = from;
            return;
        }
        if (node.op == "Sub") {
            layer.kind = Layer::Kind::scale;
            layer.scale = {0, 0, from.elements(), constant(node.inputs[1]).values.at(0), 1, 0};
            shapes_[out] = from;
        } else if (node.op == "Conv" || node.op == "Gemm") {
            const OnnxTensor &weights = constant(node.inputs[1]);
            bool is_conv = node.op == "Conv";
            auto kernel = is_conv ? static_cast<std::int32_t>(weights.dims[2]) : 1;
            std::int32_t pad = is_conv ? integer(node, "pads", 0) : 0,
                         stride = is_conv ? integer(node, "strides", 1) : 1;
            Shape to{static_cast<std::int32_t>(weights.dims[0]), (from.height + 2 * pad - kernel) / stride + 1,
                     (from.width + 2 * pad - kernel) / stride + 1};
            layer.kind = Layer::Kind::conv;
            layer.conv = {0,           0,         0,        0,      from.channels, from.height, from.width,
                          to.channels, to.height, to.width, kernel, pad,           stride,      0};
            layer.weights = weights.values;
            layer.bias = constant(node.inputs[2]).values;
            shapes_[out] = to;
        } else if (node.op == "MaxPool" || node.op == "AveragePool" || node.op == "GlobalAveragePool") {
            bool is_global = node.op == "GlobalAveragePool";
            std::int32_t height = is_global ? from.height : integer(node, "kernel_shape", 1);
            std::int32_t width = is_global ? from.width : height, stride = is_global ? 1 : integer(node, "strides", 1);
            Shape to{from.channels, (from.height - height) / stride + 1, (from.width - width) / stride + 1};
            layer.kind = Layer::Kind::pool;
            layer.pool = {0,
                          0,
                          from.channels,
                          from.height,
                          from.width,
                          to.height,
                          to.width,
                          height,
                          width,
                          stride,
                          node.op == "MaxPool" ? 0 : 1,
                          0};
            shapes_[out] = to;
        } else {
            throw Error(EDGEML_E_MODEL_REJECTED, "a layer " + node.op);
        }
        layers.push_back(std::move(layer));
    }

    const OnnxTensor &constant(const std::string &name) const {
        auto found = graph_.constants.find(name);
        if (found == graph_.constants.end())
            throw Error(EDGEML_E_MODEL_REJECTED, name + " is no constant");
        return found->second;
    }

    static std::int32_t integer(const OnnxNode &node, const char *name, std::int32_t otherwise) {
        auto found = node.integers.find(name);
        return found == node.integers.end() || found->second.empty() ? otherwise
                                                                     : static_cast<std::int32_t>(found->second[0]);
    }

    const OnnxGraph &graph_;
    std::map<std::string, Shape> shapes_;
};

// From a tensor's layer back to where `stop` says, in order.
std::vector<Layer> path_to(const std::string &output, const std::vector<Layer> &layers,
                           const std::set<std::string> &stop) {
    std::vector<Layer> path;
    for (std::string name = output; stop.count(name) == 0;) {
        auto found = std::find_if(layers.begin(), layers.end(), [&](const Layer &l) { return l.output == name; });
        if (found == layers.end())
            throw Error(EDGEML_E_MODEL_REJECTED, "nothing makes " + name);
        path.insert(path.begin(), *found);
        name = found->input;
    }
    return path;
}

Piece piece_of(std::vector<Layer> layers, const LayerReader &reader) {
    Piece piece;
    piece.inputs = reader.shape(layers.front().input).elements();
    piece.outputs = layers.back().outputs();
    piece.layers = std::move(layers);
    return piece;
}

} // namespace

ShippedModel::ShippedModel() {
    const OnnxGraph graph = read_onnx(shipped_file());
    const LayerReader reader(graph);
    const Shape &input = reader.shape(graph.input);
    channels = input.channels;
    height = input.height;
    width = input.width;
    std::map<std::string, std::size_t> ends; // tensor -> units before it
    std::vector<Layer> unit;
    for (Layer &layer : path_to(graph.outputs.back(), reader.layers, {graph.input})) {
        bool begins = layer.kind == Layer::Kind::conv && !unit.empty() && unit.back().kind != Layer::Kind::scale;
        if (begins) {
            units.push_back(piece_of(std::exchange(unit, {}), reader));
            ends[units.back().layers.back().output] = units.size();
        }
        unit.push_back(std::move(layer));
    }
    units.push_back(piece_of(std::move(unit), reader));
    classes = units.back().outputs;
    std::set<std::string> trunk;
    for (const auto &[name, index] : ends)
        trunk.insert(name);
    for (std::size_t i = 0; i + 1 < graph.outputs.size(); ++i) {
        Piece head = piece_of(path_to(graph.outputs[i], reader.layers, trunk), reader);
        head.exit = static_cast<std::uint32_t>(i + 1);
        head.after_unit = ends.at(head.layers.front().input);
        heads.push_back(std::move(head));
    }
}

HostAnswer ShippedModel::answer(const std::vector<float> &image, const std::vector<float> &thresholds) const {
    std::vector<float> at = image;
    for (std::size_t unit = 1; unit <= units.size(); ++unit) {
        at = units[unit - 1].run(at);
        for (const Piece &head : heads) {
            if (head.after_unit != unit || !(thresholds[head.exit - 1] > 0))
                continue;
            std::vector<float> logits = head.run(at);
            edgeml::Decision decision = edgeml::decide(logits.data(), classes);
            if (edgeml::takes_exit(decision.entropy, thresholds[head.exit - 1]))
                return {head.exit, decision, logits};
        }
    }
    return {static_cast<std::uint32_t>(heads.size()) + 1, edgeml::decide(at.data(), classes), at};
}

std::vector<float> ShippedModel::halving_thresholds(const std::vector<std::vector<float>> &images) const {
    std::vector<float> thresholds(heads.size());
    for (std::size_t exit = 0; exit < heads.size(); ++exit) {
        std::vector<float> entropies; // of the images that come here: the exits before have their thresholds already
        thresholds[exit] = 2;
        for (const std::vector<float> &image : images)
            if (HostAnswer given = answer(image, thresholds); given.exit == exit + 1)
                entropies.push_back(given.decision.entropy);
        std::sort(entropies.begin(), entropies.end());
        std::size_t half = entropies.size() / 2; // between two of them, so that no rounding decides
        thresholds[exit] = half == 0 ? 0.5f : 0.5f * (entropies[half - 1] + entropies[half]);
    }
    return thresholds;
}

std::vector<std::vector<float>> ShippedModel::boundaries(const std::vector<float> &image) const {
    std::vector<std::vector<float>> all;
    for (const Piece &unit : units)
        all.push_back(unit.run(all.empty() ? image : all.back()));
    return all;
}

std::int32_t Layer::outputs() const {
    return kind == Kind::conv ? outputs_of(conv) : kind == Kind::pool ? outputs_of(pool) : outputs_of(scale);
}

std::int64_t Layer::macs() const {
    return kind == Kind::conv ? std::int64_t{outputs()} * conv.in_channels * conv.kernel * conv.kernel : 0;
}

void Layer::run(const float *in, float *out) const {
    for (std::int32_t i = 0; i < outputs(); ++i)
        out[i] = kind == Kind::conv   ? output_at(conv, in, weights.data(), bias.data(), i)
                 : kind == Kind::pool ? output_at(pool, in, i)
                                      : output_at(scale, in, i);
}

std::int64_t Piece::macs() const {
    std::int64_t sum = 0;
    for (const Layer &layer : layers)
        sum += layer.macs();
    return sum;
}

std::vector<float> Piece::run(const std::vector<float> &in) const {
    std::vector<float> at = in;
    for (const Layer &layer : layers) {
        std::vector<float> next(static_cast<std::size_t>(layer.outputs()));
        layer.run(at.data(), next.data());
        at = std::move(next);
    }
    return at;
}

} // namespace bench
