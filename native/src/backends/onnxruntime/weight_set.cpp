#include "weight_set.h"

#include <cstring>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace edgeml::ort {

OrtWeightSet::OrtWeightSet(std::shared_ptr<Runtime> runtime) : runtime_(std::move(runtime)) {
    runtime_->check(runtime_->api.CreatePrepackedWeightsContainer(&prepacked_));
}

OrtWeightSet::~OrtWeightSet() {
    runtime_->api.ReleasePrepackedWeightsContainer(prepacked_);
}

void OrtWeightSet::add(const TensorInfo &tensor, const void *data) {
    std::lock_guard lock(gate_);
    insert(tensor, data);
}

void OrtWeightSet::insert(const TensorInfo &tensor, const void *data) {
    // ONNX Runtime has no constant tensors; those that SharingRule allows are only read.
    Owned<OrtValue> value(runtime_->api.ReleaseValue, runtime_->wrap(tensor, const_cast<void *>(data)));
    if (!tensors_.try_emplace(tensor.name, Entry{tensor, data, std::move(value)}).second)
        reject("tensor " + tensor.name + " is there twice");
}

Bytes OrtWeightSet::data_of(std::string_view name) const {
    std::lock_guard lock(gate_);
    auto found = tensors_.find(name);
    if (found == tensors_.end())
        return {};
    return {static_cast<const std::byte *>(found->second.data), static_cast<std::size_t>(found->second.info.bytes)};
}

std::string OrtWeightSet::find(const Tensor &tensor) const {
    std::lock_guard lock(gate_);
    auto named = tensors_.find(tensor.name);
    if (named != tensors_.end() && (tensor.is_external || is_same(named->second, tensor)))
        return named->first;
    for (const Entry *copy : copies_)
        if (is_same(*copy, tensor))
            return copy->info.name;
    return {};
}

bool OrtWeightSet::is_same(const Entry &entry, const Tensor &tensor) const noexcept {
    return !tensor.is_external && to_onnx_type(entry.info.dtype) == static_cast<int>(tensor.type) &&
           entry.info.dims == tensor.dims && entry.info.bytes == tensor.data.size() &&
           (tensor.data.empty() || std::memcmp(entry.data, tensor.data.data(), tensor.data.size()) == 0);
}

std::string OrtWeightSet::keep(const Tensor &tensor) {
    TensorInfo info;
    info.dtype = from_onnx_type(static_cast<int>(tensor.type));
    info.dims = tensor.dims;
    info.bytes = tensor_bytes(info.dims, info.dtype, std::string(tensor.name));
    if (info.bytes != tensor.data.size())
        throw Error(EDGEML_E_MODEL_REJECTED, "tensor " + std::string(tensor.name) + " holds " +
                                                 std::to_string(tensor.data.size()) + " bytes but is " +
                                                 describe(info));
    std::lock_guard lock(gate_);
    void *at = room(tensor.data.size());
    std::memcpy(at, tensor.data.data(), tensor.data.size());
    std::size_t number = copies_.size();
    do
        info.name = "edgeml/copy:" + std::to_string(number++);
    while (tensors_.contains(info.name));
    insert(info, at);
    copies_.push_back(&tensors_.find(info.name)->second);
    copied_bytes_ += info.bytes;
    return info.name;
}

// Copies lie together in huge pages where there are some: separate filters, each in small pages, cost a plan
// microseconds.
void *OrtWeightSet::room(std::size_t bytes) {
    bytes = (bytes + EDGEML_BUFFER_ALIGNMENT - 1) / EDGEML_BUFFER_ALIGNMENT * EDGEML_BUFFER_ALIGNMENT;
    if (bytes > left_) {
        std::size_t size = (bytes + slab_bytes - 1) / slab_bytes * slab_bytes;
        blocks_.emplace_back(::operator new(size, std::align_val_t(slab_bytes)));
        left_ = size;
        next_ = static_cast<std::byte *>(blocks_.back().get());
#if defined(__linux__)
        madvise(next_, left_, MADV_HUGEPAGE); // which may be refused
#endif
    }
    void *at = next_;
    next_ += bytes;
    left_ -= bytes;
    return at;
}

std::uint64_t OrtWeightSet::copied_bytes() const noexcept {
    std::lock_guard lock(gate_);
    return copied_bytes_;
}

void OrtWeightSet::attach(OrtSessionOptions *options, const std::vector<std::string> &names) const {
    std::vector<const char *> keys;
    std::vector<const OrtValue *> values;
    std::lock_guard lock(gate_);
    for (const std::string &name : names) {
        auto found = tensors_.find(name);
        if (found == tensors_.end())
            throw Error(EDGEML_E_MODEL_REJECTED,
                        "the model takes tensor " + name + " from its weights, which have none of that name");
        keys.push_back(found->first.c_str());
        values.push_back(found->second.value.get());
        runtime_->check(runtime_->api.AddInitializer(options, keys.back(), values.back()));
    }
    if (!keys.empty())
        runtime_->check(runtime_->api.AddExternalInitializers(options, keys.data(), values.data(), keys.size()));
}

} // namespace edgeml::ort
