#include "weight_set.h"

namespace edgeml::ort {

OrtWeightSet::OrtWeightSet(std::shared_ptr<Runtime> runtime) : runtime_(std::move(runtime)) {
    runtime_->check(runtime_->api.CreatePrepackedWeightsContainer(&prepacked_));
}

OrtWeightSet::~OrtWeightSet() {
    runtime_->api.ReleasePrepackedWeightsContainer(prepacked_);
}

void OrtWeightSet::add(const TensorInfo &tensor, const void *data) {
    // ONNX Runtime has no constant tensors; initializers are only read.
    Owned<OrtValue> value(runtime_->api.ReleaseValue, runtime_->wrap(tensor, const_cast<void *>(data)));
    std::lock_guard lock(gate_);
    if (!tensors_.emplace(tensor.name, std::move(value)).second)
        reject("tensor " + tensor.name + " is there twice");
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
        values.push_back(found->second.get());
        runtime_->check(runtime_->api.AddInitializer(options, keys.back(), values.back()));
    }
    if (!keys.empty())
        runtime_->check(runtime_->api.AddExternalInitializers(options, keys.data(), values.data(), keys.size()));
}

} // namespace edgeml::ort
