#include "backends/cuda/chain.h"
#include "builder.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace edgeml {

namespace {

template <std::size_t N> void copy_text(char (&to)[N], const std::string &text) {
    std::memcpy(to, text.data(), std::min(text.size(), N - 1));
}

// A machine without NVIDIA's software gets one line that names every place looked at.
struct Found {
    std::shared_ptr<const cuda::Driver> driver;
    trt::Choice choice;
};

Found find(const edgeml_context_desc &desc) {
#if !defined(_WIN32)
    // Before the driver starts; from then on it is not read any more. Saves hundreds of megabytes of kernels.
    setenv("CUDA_MODULE_LOADING", "LAZY", 0);
#endif
    Found found;
    std::string missing;
    edgeml_status status = EDGEML_E_BACKEND_MISSING;
    try {
        found.driver = cuda::Driver::open(nullptr);
    } catch (const Error &e) {
        status = e.status();
        missing = e.what();
    }
    trt::Search search = trt::search(desc.library_path, trt::Extent::first_usable);
    if (search.choice)
        found.choice = *search.choice;
    else
        missing += (missing.empty() ? "" : "; ") + ("no TensorRT that can be used: " + search.text());
    if (!missing.empty())
        throw Error(status, "backend tensorrt: " + missing);
    return found;
}

class TensorRt final : public Backend {
  public:
    explicit TensorRt(const edgeml_context_desc &desc) : TensorRt(desc, find(desc)) {}

    void describe(edgeml_context_info &info) const override {
        info.backend = EDGEML_BACKEND_TENSORRT;
        info.threads = 1;
        copy_text(info.backend_name, "tensorrt");
        copy_text(info.library_version, trt::to_text(library_->choice.version));
        copy_text(info.library_path, library_->choice.infer);
    }

    std::unique_ptr<WeightSet> make_weights() override {
        throw Error(EDGEML_E_UNSUPPORTED, "TensorRT takes weights inside the model");
    }

    std::unique_ptr<Memory> make_memory(std::uint64_t data_bytes, std::uint64_t headroom_bytes) override {
        return std::make_unique<cuda::Buffer>(device_, data_bytes, headroom_bytes);
    }

    std::unique_ptr<Runner> make_runner() override { return cuda::make_chain(device_, options_); }

    std::unique_ptr<Network> load(std::span<const std::byte> model, std::uint32_t optimization, WeightSet *,
                                  const char *folder, const Progress &progress) override {
        if (folder != nullptr)
            throw Error(EDGEML_E_UNSUPPORTED, "TensorRT takes no weights from the files of a folder");
        return builder_.load(model, optimization, progress);
    }

  private:
    TensorRt(const edgeml_context_desc &desc, const Found &found)
        : log_(desc.log, desc.log_user),
          device_(std::make_shared<const cuda::Device>(found.driver, static_cast<int>(desc.device))),
          options_(cuda::ChainOptions::from_environment()), library_(trt::Library::join(found.choice, device_)),
          builder_(library_, trt::PlanCache(desc.cache_path != nullptr ? desc.cache_path : ""), log_) {
        if (desc.route != EDGEML_ROUTE_HOST)
            options_.route = static_cast<cuda::Route>(desc.route);
    }

    const trt::LogReceiver log_;
    const std::shared_ptr<const cuda::Device> device_;
    cuda::ChainOptions options_;
    const std::shared_ptr<const trt::Library> library_;
    const trt::Builder builder_;
};

} // namespace

std::shared_ptr<Backend> make_tensorrt(const edgeml_context_desc &desc) {
    return std::make_shared<TensorRt>(desc);
}

} // namespace edgeml
