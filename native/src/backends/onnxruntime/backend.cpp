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
    OnnxRuntime(std::shared_ptr<ort::Runtime> runtime, ort::SessionSetup setup)
        : runtime_(std::move(runtime)), setup_(std::move(setup)) {}

    void describe(edgeml_context_info &info) const override {
        info.backend = EDGEML_BACKEND_ONNXRUNTIME;
        info.threads = setup_.threads;
        if (runtime_->is_guest())
            info.flags |= EDGEML_CONTEXT_GUEST;
        if (setup_.own)
            info.flags |= EDGEML_CONTEXT_OWN_THREADS;
        else if (runtime_->spins && !runtime_->is_guest())
            info.flags |= EDGEML_CONTEXT_ALLOW_SPINNING;
        copy_text(info.backend_name, "onnxruntime");
        copy_text(info.library_version, runtime_->library.version);
        copy_text(info.library_path, runtime_->library.path);
    }

    std::unique_ptr<WeightSet> make_weights() override { return std::make_unique<ort::OrtWeightSet>(runtime_); }

    std::unique_ptr<Network> load(std::span<const std::byte> model, std::uint32_t optimization, WeightSet *weights,
                                  const char *folder, const Progress &) override {
        // Weights given here were made by make_weights of this backend: the caller has compared their contexts.
        return std::make_unique<ort::OrtNetwork>(runtime_, setup_, model, optimization,
                                                 static_cast<ort::OrtWeightSet *>(weights), folder);
    }

    std::unique_ptr<Network> join(std::span<const Range> ranges, WeightSet &weights, std::uint64_t copy_limit,
                                  std::uint32_t optimization) override {
        return ort::OrtNetwork::join(runtime_, setup_, ranges, static_cast<ort::OrtWeightSet &>(weights), copy_limit,
                                     optimization);
    }

  private:
    const std::shared_ptr<ort::Runtime> runtime_;
    const ort::SessionSetup setup_;
};

} // namespace

std::shared_ptr<Backend> make_onnxruntime(const edgeml_context_desc &desc, std::shared_ptr<const ComputePlace> place) {
    std::shared_ptr<ort::Runtime> runtime = ort::Runtime::join(desc);
    std::uint32_t asked = std::max(desc.threads, 1u);
    // A pool cannot be had later in an environment that was made without one.
    bool own = (desc.flags & EDGEML_CONTEXT_OWN_THREADS) != 0 || (!runtime->has_pool && asked > 1);
    ort::SessionSetup setup{own ? asked : runtime->threads, own, std::move(place)};
    return std::make_shared<OnnxRuntime>(std::move(runtime), std::move(setup));
}

} // namespace edgeml
