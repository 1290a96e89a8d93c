#include "shipped_chain.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace bench {

extern const char layers_ptx[];

namespace {

constexpr unsigned threads = 128;

struct LayerCall {
    CUfunction function = nullptr;
    Layer::Kind kind{};
    ConvArguments conv{};
    PoolArguments pool{};
    ScaleArguments scale{};
    unsigned blocks = 0;
};

class PieceSegment final : public Segment {
  public:
    PieceSegment(const Driver &driver, std::vector<LayerCall> calls) : driver_(driver), calls_(std::move(calls)) {}

    void enqueue(CUstream stream) override {
        for (LayerCall &call : calls_) {
            void *argument = call.kind == Layer::Kind::conv   ? static_cast<void *>(&call.conv)
                             : call.kind == Layer::Kind::pool ? static_cast<void *>(&call.pool)
                                                              : static_cast<void *>(&call.scale);
            void *parameters[] = {argument};
            driver_.check(
                driver_.launch(call.function, call.blocks, 1, 1, threads, 1, 1, 0, stream, parameters, nullptr),
                "a layer");
        }
    }

  private:
    const Driver &driver_;
    std::vector<LayerCall> calls_;
};

std::unique_ptr<Buffer> upload(const std::shared_ptr<const Device> &device, const std::vector<float> &values,
                               CUstream stream) {
    if (values.empty())
        return nullptr;
    std::uint64_t bytes = values.size() * sizeof(float);
    auto buffer = std::make_unique<Buffer>(device, bytes, 0);
    std::memcpy(buffer->data(), values.data(), bytes);
    const Driver &driver = *device->driver;
    driver.check(driver.copy_to_device(buffer->device(), buffer->data(), bytes, stream), "weights");
    driver.check(driver.stream_synchronize(stream), "weights");
    return buffer;
}

} // namespace

std::shared_ptr<const Module> layer_kernels(const std::shared_ptr<const Device> &device) {
    return std::make_shared<const Module>(load_module(device, layers_ptx));
}

PieceNetwork::PieceNetwork(std::shared_ptr<const Device> device, std::shared_ptr<const Module> kernels,
                           const Piece &piece, CUstream stream)
    : device_(std::move(device)), kernels_(std::move(kernels)), piece_(piece) {
    Current current(*device_);
    inputs_.push_back(float_row("in", piece.inputs));
    outputs_.push_back(float_row("out", piece.outputs));
    for (const Layer &layer : piece.layers) {
        weights_.push_back(upload(device_, layer.weights, stream));
        biases_.push_back(upload(device_, layer.bias, stream));
        half_scratch_ = std::max(half_scratch_, (layer.outputs() * sizeof(float) + 255) / 256 * 256);
    }
    scratch_bytes_ = 2 * half_scratch_;
}

// What lies between two layers is in one half of the scratch, then in the other.
std::unique_ptr<Segment> PieceNetwork::place(std::span<const DeviceSlot> inputs, std::span<const DeviceSlot> outputs,
                                             CUdeviceptr scratch) const {
    std::vector<LayerCall> calls;
    CUdeviceptr from = inputs[0].memory;
    for (std::size_t i = 0; i < piece_.layers.size(); ++i) {
        const Layer &layer = piece_.layers[i];
        CUdeviceptr to = i + 1 == piece_.layers.size() ? outputs[0].memory : scratch + i % 2 * half_scratch_;
        LayerCall call;
        call.kind = layer.kind;
        call.conv = layer.conv;
        call.pool = layer.pool;
        call.scale = layer.scale;
        call.conv.in = call.pool.in = call.scale.in = from;
        call.conv.out = call.pool.out = call.scale.out = to;
        if (layer.kind == Layer::Kind::conv) {
            call.conv.weights = weights_[i]->device();
            call.conv.bias = biases_[i]->device();
        }
        const char *name = layer.kind == Layer::Kind::conv   ? "edgeml_conv"
                           : layer.kind == Layer::Kind::pool ? "edgeml_pool"
                                                             : "edgeml_scale";
        call.function = find_function(*device_, *kernels_, name);
        call.blocks = (static_cast<unsigned>(layer.outputs()) + threads - 1) / threads;
        calls.push_back(call);
        from = to;
    }
    return std::make_unique<PieceSegment>(*device_->driver, std::move(calls));
}

std::unique_ptr<Outputs> PieceNetwork::run_once(std::span<const void *const> inputs) const {
    return cuda::run_once(device_, *this, inputs);
}

ShippedChain::ShippedChain(const std::shared_ptr<const Device> &device, const ShippedModel &model, Route route) {
    ChainOptions options;
    options.route = route;
    chain_ = make_chain(device, options);
    std::shared_ptr<const Module> kernels = layer_kernels(device);
    Stream stream = make_stream(device);
    auto buffer = [&](std::int32_t count) {
        buffers_.push_back(std::make_unique<Buffer>(device, static_cast<std::uint64_t>(count) * sizeof(float), 0));
        return buffers_.back().get();
    };
    auto add = [&](const Piece &piece, const Buffer *in, const Buffer *boundary, const Buffer *logits, bool is_final) {
        networks_.push_back(std::make_unique<PieceNetwork>(device, kernels, piece, stream.get()));
        edgeml_stage desc{};
        desc.struct_size = sizeof desc;
        desc.exit_index = is_final ? static_cast<std::uint32_t>(model.heads.size()) + 1 : piece.exit;
        desc.classes = logits != nullptr ? static_cast<std::uint32_t>(model.classes) : 0;
        desc.flags = is_final ? EDGEML_STAGE_FINAL : 0;
        chain_->add({desc, networks_.back().get(), in, boundary, logits});
        ++stages_;
    };
    const Buffer *at = buffer(model.units.front().inputs), *scores = buffer(model.classes);
    for (std::size_t unit = 1; unit <= model.units.size(); ++unit) {
        const Piece &piece = model.units[unit - 1];
        bool is_final = unit == model.units.size();
        const Buffer *next = is_final ? nullptr : buffer(piece.outputs);
        unit_stage_.push_back(stages_);
        add(piece, at, next, is_final ? scores : nullptr, is_final);
        for (const Piece &head : model.heads)
            if (head.after_unit == unit)
                add(head, next, nullptr, scores, false);
        at = next;
    }
}

edgeml_run_result ShippedChain::run(const std::vector<float> &image, const std::vector<float> &thresholds,
                                    std::uint32_t stages, std::uint64_t *stage_ns) {
    std::memcpy(buffers_[0]->data(), image.data(), image.size() * sizeof(float));
    edgeml_run_desc desc{};
    desc.struct_size = sizeof desc;
    desc.thresholds = thresholds.data();
    desc.threshold_count = static_cast<std::uint32_t>(thresholds.size());
    desc.stage_count = stages;
    desc.stage_ns = stage_ns;
    desc.stage_ns_capacity = stage_ns != nullptr ? stages_ : 0;
    edgeml_run_result result{};
    chain_->run(result, desc, nullptr);
    return result;
}

} // namespace bench
