#include "network.h"

#include <algorithm>
#include <cstring>

namespace edgeml {

namespace {

template <std::size_t N> void copy_text(char (&to)[N], const std::string &text) {
    std::memcpy(to, text.data(), std::min(text.size(), N - 1));
}

class OnnxRuntime final : public Backend {
  public:
    OnnxRuntime(std::uint32_t backend, std::shared_ptr<ort::Runtime> runtime, ort::SessionSetup setup)
        : backend_(backend), runtime_(std::move(runtime)), setup_(std::move(setup)) {}

    void describe(edgeml_context_info &info) const override {
        info.backend = backend_;
        info.threads = setup_.threads;
        if (runtime_->is_guest())
            info.flags |= EDGEML_CONTEXT_GUEST;
        if (setup_.own)
            info.flags |= EDGEML_CONTEXT_OWN_THREADS;
        else if (runtime_->spins && !runtime_->is_guest())
            info.flags |= EDGEML_CONTEXT_ALLOW_SPINNING;
        copy_text(info.backend_name, name());
        copy_text(info.library_version, runtime_->library.version);
        copy_text(info.library_path, runtime_->library.path);
    }

    std::unique_ptr<WeightSet> make_weights() override {
        // A device cannot compute on tensors in the host's memory.
        if (setup_.provider)
            throw Error(EDGEML_E_UNSUPPORTED, "backend " + name() + " takes weights inside the model");
        return std::make_unique<ort::OrtWeightSet>(runtime_);
    }

    std::unique_ptr<Network> load(std::span<const std::byte> model, std::uint32_t optimization, WeightSet *weights,
                                  const char *folder, const Progress &) override {
        // Weights given here were made by make_weights of this backend: the caller has compared their contexts.
        return std::make_unique<ort::OrtNetwork>(runtime_, setup_, model, optimization,
                                                 static_cast<ort::OrtWeightSet *>(weights), folder);
    }

    std::unique_ptr<Network> join(std::span<const Range> ranges, WeightSet &weights, std::uint64_t copy_limit,
                                  std::uint32_t optimization) override {
        // Every gate, an operator of the processor, would fetch the device's tensors and send them back.
        if (setup_.provider)
            return Backend::join(ranges, weights, copy_limit, optimization);
        return ort::OrtNetwork::join(runtime_, setup_, ranges, static_cast<ort::OrtWeightSet &>(weights), copy_limit,
                                     optimization);
    }

  private:
    std::string name() const { return setup_.provider ? setup_.provider->name() : "onnxruntime"; }

    const std::uint32_t backend_;
    const std::shared_ptr<ort::Runtime> runtime_;
    const ort::SessionSetup setup_;
};

} // namespace

std::shared_ptr<Backend> make_onnxruntime(const edgeml_context_desc &desc, std::shared_ptr<const ComputePlace> place) {
    std::shared_ptr<ort::Runtime> runtime = ort::Runtime::join(desc);
    std::uint32_t asked = std::max(desc.threads, 1u);
    // A pool cannot be had later in an environment that was made without one.
    bool own = (desc.flags & EDGEML_CONTEXT_OWN_THREADS) != 0 || (!runtime->has_pool && asked > 1);
    std::shared_ptr<const ort::Provider> provider = ort::Provider::find(runtime, desc);
    ort::SessionSetup setup{own ? asked : runtime->threads, own, std::move(place), std::move(provider)};
    std::uint32_t backend = desc.backend == 0 ? EDGEML_BACKEND_ONNXRUNTIME : desc.backend;
    return std::make_shared<OnnxRuntime>(backend, std::move(runtime), std::move(setup));
}

} // namespace edgeml
