// The shipped model, models/shapes-vgg.onnx, which this program carries: layers, units, heads, and the answers of the
// host.
#pragma once

#include "layers.h"
#include "onnx_graph.h"

#include "exit_decision/decision.h"

#include <string>
#include <vector>

namespace bench {

struct Layer {
    enum class Kind { scale, conv, pool } kind;
    ConvArguments conv{}; // those of its kind; addresses are set where it runs
    PoolArguments pool{};
    ScaleArguments scale{};
    std::vector<float> weights, bias;
    std::string input, output; // names in the file

    std::int32_t outputs() const;
    std::int64_t macs() const;
    void run(const float *in, float *out) const; // on the host
};

// Layers one after the other: a unit of the trunk, or a head.
struct Piece {
    std::vector<Layer> layers;
    std::int32_t inputs = 0, outputs = 0; // elements
    std::uint32_t exit = 0;               // of a head, from 1; the last unit is the final exit
    std::size_t after_unit = 0;           // of a head, from 1

    std::int64_t macs() const;
    std::vector<float> run(const std::vector<float> &in) const; // on the host
};

struct HostAnswer {
    std::uint32_t exit = 0;
    edgeml::Decision decision{};
    std::vector<float> logits;
};

class ShippedModel {
  public:
    ShippedModel(); // out of the file inside the program

    std::vector<Piece> units; // in order
    std::vector<Piece> heads; // by exit, their units rising
    std::int32_t channels = 0, height = 0, width = 0, classes = 0;

    // The whole path, exits with a threshold above 0 tried.
    HostAnswer answer(const std::vector<float> &image, const std::vector<float> &thresholds) const;

    // Thresholds of the side exits of which each takes about half of the images that come to it.
    std::vector<float> halving_thresholds(const std::vector<std::vector<float>> &images) const;

    // After each unit.
    std::vector<std::vector<float>> boundaries(const std::vector<float> &image) const;
};

std::span<const std::byte> shipped_file();

} // namespace bench
