#include "network.h"

#include "backends/cuda/chain.h"

namespace edgeml::trt {

namespace {

// Beside the plan's weights: a context's memory, roughly.
constexpr std::uint64_t engine_overhead_bytes = 1024 * 1024;

class TrtSegment final : public cuda::Segment {
  public:
    TrtSegment(std::shared_ptr<const PluginOwned<edgeml_trt_engine>> engine, std::shared_ptr<const Library> library,
               edgeml_trt_context *context)
        : engine_(std::move(engine)), context_(library, context, library->table.context_free) {}

    void enqueue(cuda::CUstream stream) override {
        edgeml_trt_error error;
        const Library &library = context_.library();
        library.check(library.table.context_enqueue(context_.get(), stream, &error), error);
    }

  private:
    const std::shared_ptr<const PluginOwned<edgeml_trt_engine>> engine_;
    const PluginOwned<edgeml_trt_context> context_;
};

edgeml_trt_engine *load(const Library &library, std::span<const std::byte> plan) {
    // Loading allocates and synchronises, which would break a capture on another thread.
    std::lock_guard lock(cuda::Device::capture_lock());
    cuda::Current current(*library.device);
    edgeml_trt_engine *engine = nullptr;
    edgeml_trt_error error{};
    library.check(library.table.engine_load(library.runtime, &engine, plan.data(), plan.size(), &error), error);
    return engine;
}

} // namespace

TrtNetwork::TrtNetwork(std::shared_ptr<const Library> library, std::span<const std::byte> plan,
                       const std::vector<std::string> &inputs, const std::vector<std::string> &outputs)
    : library_(std::move(library)),
      engine_(std::make_shared<const Engine>(library_, load(*library_, plan), library_->table.engine_free)) {
    describe(inputs, true, inputs_, input_positions_);
    describe(outputs, false, outputs_, output_positions_);
    std::uint32_t count = library_->table.engine_tensor_count(engine_->get());
    if (count != inputs_.size() + outputs_.size())
        throw Error(EDGEML_E_UNSUPPORTED, "the plan has " + std::to_string(count) + " tensors, the model " +
                                              std::to_string(inputs_.size() + outputs_.size()));
    scratch_bytes_ = library_->table.engine_scratch_bytes(engine_->get());
    resident_bytes_ = plan.size() + engine_overhead_bytes;
}

// TensorRT's own order of tensors need not be the model's.
void TrtNetwork::describe(const std::vector<std::string> &names, bool is_input, std::vector<TensorInfo> &tensors,
                          std::vector<std::uint32_t> &positions) const {
    std::uint32_t count = library_->table.engine_tensor_count(engine_->get());
    for (const std::string &name : names) {
        edgeml_trt_tensor found{};
        std::uint32_t position = 0;
        for (; position < count; ++position) {
            library_->table.engine_tensor(engine_->get(), position, &found);
            if (name == found.name && (found.is_input != 0) == is_input)
                break;
        }
        if (position == count)
            throw Error(EDGEML_E_UNSUPPORTED, "the plan has no tensor " + name);
        TensorInfo tensor{name, found.dtype, std::vector<std::int64_t>(found.dims, found.dims + found.rank), 0};
        tensor.bytes = tensor_bytes(tensor.dims, tensor.dtype, tensor.name);
        tensors.push_back(std::move(tensor));
        positions.push_back(position);
    }
}

std::unique_ptr<cuda::Segment> TrtNetwork::place(std::span<const DeviceSlot> inputs,
                                                 std::span<const DeviceSlot> outputs, cuda::CUdeviceptr scratch) const {
    std::vector<std::uint64_t> addresses(inputs_.size() + outputs_.size());
    for (const DeviceSlot &slot : inputs)
        addresses[input_positions_.at(slot.index)] = slot.memory;
    for (const DeviceSlot &slot : outputs)
        addresses[output_positions_.at(slot.index)] = slot.memory;
    edgeml_trt_context *context = nullptr;
    edgeml_trt_error error{};
    library_->check(
        library_->table.context_create(engine_->get(), &context, scratch, scratch_bytes_, addresses.data(), &error),
        error);
    return std::make_unique<TrtSegment>(engine_, library_, context);
}

std::unique_ptr<Outputs> TrtNetwork::run_once(std::span<const void *const> inputs) const {
    return cuda::run_once(library_->device, *this, inputs);
}

} // namespace edgeml::trt
