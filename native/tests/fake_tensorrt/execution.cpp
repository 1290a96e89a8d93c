#include "execution.h"

#include <cstring>

namespace fake {

Execution::Execution(std::shared_ptr<const Model> model) : model_(std::move(model)) {
    ++world().contexts_alive;
}

Execution::~Execution() {
    --world().contexts_alive;
}

void Execution::set_scratch(std::uint64_t memory, std::int64_t bytes) noexcept {
    scratch_ = memory;
    scratch_bytes_ = bytes;
}

bool Execution::set_address(const char *tensor, std::uint64_t memory) noexcept {
    addresses_[tensor] = memory;
    return memory % 256 == 0;
}

const char *Execution::enqueue(CUstream_st *stream) noexcept {
    ++world().enqueues;
    if (stream == nullptr)
        return "the default stream synchronises";
    if (scratch_bytes_ < scratch_bytes)
        return "scratch is missing";
    if (addresses_.size() != model_->tensors.size())
        return "a tensor has no address";
    if (world().fail_enqueue > 0 && --world().fail_enqueue == 0)
        return "the kernel was not found (this is the double)";
    auto kernel = [](void *execution) { static_cast<const Execution *>(execution)->run(); };
    return world().launch(stream, kernel, this) == 0 ? nullptr : "the driver takes no kernel";
}

// Everything is read from and written to device addresses.
void Execution::run() const {
    ++world().runs;
    if (void *used = world().host(scratch_, static_cast<std::size_t>(scratch_bytes)))
        std::memset(used, 0xa5, static_cast<std::size_t>(scratch_bytes));
    else
        fake_unexpected("scratch outside of device memory");
    std::vector<const void *> inputs;
    std::vector<std::uint64_t> sizes;
    for (const Model::Tensor &tensor : model_->tensors)
        if (tensor.is_input) {
            inputs.push_back(world().host(addresses_.at(tensor.info.name), tensor.info.bytes));
            sizes.push_back(tensor.info.bytes);
            if (inputs.back() == nullptr)
                fake_unexpected("an input outside of device memory");
        }
    edgeml_outputs *ran = nullptr;
    if (edgeml_outputs_create(&ran, model_->engine, inputs.data(), sizes.data(), model_->inputs) != EDGEML_OK)
        fake_unexpected("a run that fails");
    for (std::size_t i = 0, outputs = model_->tensors.size() - model_->inputs; i < outputs; ++i) {
        const Model::Tensor &tensor = model_->tensors[outputs - 1 - i];
        edgeml_tensor_info info = {};
        info.struct_size = sizeof info;
        const void *data = nullptr;
        edgeml_outputs_get(&info, &data, ran, static_cast<std::uint32_t>(i));
        void *to = world().host(addresses_.at(tensor.info.name), tensor.info.bytes);
        if (to == nullptr)
            fake_unexpected("an output outside of device memory");
        std::memcpy(to, data, tensor.info.bytes);
    }
    edgeml_outputs_destroy(ran);
}

} // namespace fake
