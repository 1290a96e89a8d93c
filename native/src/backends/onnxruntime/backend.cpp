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
    explicit OnnxRuntime(std::shared_ptr<ort::Runtime> runtime) : runtime_(std::move(runtime)) {}

    void describe(edgeml_context_info &info) const override {
        info.backend = EDGEML_BACKEND_ONNXRUNTIME;
        info.threads = runtime_->threads;
        info.flags = runtime_->is_guest() ? EDGEML_CONTEXT_GUEST : runtime_->spins ? EDGEML_CONTEXT_ALLOW_SPINNING : 0;
        copy_text(info.backend_name, "onnxruntime");
        copy_text(info.library_version, runtime_->library.version);
        copy_text(info.library_path, runtime_->library.path);
    }

    std::unique_ptr<WeightSet> make_weights() override { return std::make_unique<ort::OrtWeightSet>(runtime_); }

    std::unique_ptr<Network> load(std::span<const std::byte> model, std::uint32_t optimization, WeightSet *weights,
                                  const char *folder, const Progress &) override {
        // Weights given here were made by make_weights of this backend: the caller has compared their contexts.
        return std::make_unique<ort::OrtNetwork>(runtime_, model, optimization,
                                                 static_cast<ort::OrtWeightSet *>(weights), folder);
    }

    std::unique_ptr<Network> join(std::span<const Range> ranges, WeightSet &weights, std::uint64_t copy_limit,
                                  std::uint32_t optimization) override {
        return ort::OrtNetwork::join(runtime_, ranges, static_cast<ort::OrtWeightSet &>(weights), copy_limit,
                                     optimization);
    }

  private:
    const std::shared_ptr<ort::Runtime> runtime_;
};

} // namespace

std::shared_ptr<Backend> make_onnxruntime(const edgeml_context_desc &desc) {
    return std::make_shared<OnnxRuntime>(ort::Runtime::join(desc));
}

} // namespace edgeml
