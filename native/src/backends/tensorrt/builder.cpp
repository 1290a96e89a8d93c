#include "builder.h"

#include "backends/onnxruntime/model_scan.h"

#include <algorithm>

namespace edgeml::trt {

namespace {

constexpr const char *plan_extension = ".plan";
constexpr const char *timing_extension = ".timing";

// Samples per tactic: more than TensorRT's own one or two, so that a busy machine does not choose badly.
constexpr std::int32_t timing_iterations = 8;
// Jetson's memory is also the CPU's.
constexpr std::uint64_t integrated_workspace_bytes = std::uint64_t{256} << 20;

std::int32_t to_level(std::uint32_t optimization) {
    switch (optimization) {
    case EDGEML_OPTIMIZE_NONE:
        return 0;
    case EDGEML_OPTIMIZE_BASIC:
        return 1;
    case EDGEML_OPTIMIZE_ALL:
        return 5;
    default:
        return 3; // TensorRT's default
    }
}

class Blob {
  public:
    explicit Blob(const edgeml_trt_plugin &table) : table_(table) {}
    Blob(const Blob &) = delete;
    Blob &operator=(const Blob &) = delete;
    ~Blob() {
        if (blob_ != nullptr)
            table_.blob_free(blob_);
    }
    edgeml_trt_blob **out() noexcept { return &blob_; }
    std::span<const std::byte> data() const {
        std::uint64_t bytes = 0;
        const void *start = blob_ != nullptr ? table_.blob_data(blob_, &bytes) : nullptr;
        return {static_cast<const std::byte *>(start), static_cast<std::size_t>(bytes)};
    }

  private:
    const edgeml_trt_plugin &table_;
    edgeml_trt_blob *blob_ = nullptr;
};

} // namespace

std::string Builder::platform() const {
    const cuda::Device &device = *library_->device;
    return "tensorrt=" + to_text(library_->choice.version) + " gpu=" + device.name +
           " capability=" + std::to_string(device.compute_major) + '.' + std::to_string(device.compute_minor) +
           " sm=" + std::to_string(device.sm_count) + " driver=" + std::to_string(device.driver->version / 1000) +
           " plugin=" + std::to_string(EDGEML_TRT_ABI);
}

Bytes Builder::build(std::span<const std::byte> model, std::int32_t level, const Progress &progress) const {
    std::optional<Bytes> timing = cache_.read(platform(), timing_extension);
    edgeml_trt_build_desc desc{};
    desc.onnx = model.data();
    desc.onnx_bytes = model.size();
    desc.timing_cache = timing ? timing->data() : nullptr;
    desc.timing_cache_bytes = timing ? timing->size() : 0;
    desc.workspace_bytes = library_->device->integrated ? integrated_workspace_bytes : 0;
    desc.optimization_level = level;
    desc.timing_iterations = timing_iterations;
    desc.progress = progress.tell;
    desc.progress_user = progress.user;

    Blob plan(library_->table), new_timing(library_->table);
    edgeml_trt_error error{};
    {
        // Building synchronises with the device, which would break a capture on another thread.
        std::lock_guard lock(cuda::Device::capture_lock());
        cuda::Current current(*library_->device);
        library_->check(library_->table.build(library_->runtime, plan.out(), new_timing.out(), &desc, &error), error);
    }
    if (!new_timing.data().empty()) {
        std::string cause = cache_.write(platform(), timing_extension, new_timing.data());
        if (!cause.empty())
            log_.tell(EDGEML_LOG_WARNING, cause.c_str());
    }
    return {plan.data().begin(), plan.data().end()};
}

std::unique_ptr<Network> Builder::load(std::span<const std::byte> model, std::uint32_t optimization,
                                       const Progress &progress) const {
    ort::ModelScan scan = ort::scan_model(model);
    if (!scan.external.empty())
        throw Error(EDGEML_E_UNSUPPORTED,
                    "TensorRT takes weights inside the model, but " + scan.external.front() + " lies outside");
    std::int32_t level = to_level(optimization);
    std::string key = "onnx=" + to_hex(sha256(model)) + ' ' + platform() + " level=" + std::to_string(level) +
                      " timing=" + std::to_string(timing_iterations) +
                      " workspace=" + std::to_string(library_->device->integrated ? integrated_workspace_bytes : 0) +
                      " tf32=0 batch=1";
    if (std::optional<Bytes> cached = cache_.read(key, plan_extension)) {
        try {
            return std::make_unique<TrtNetwork>(library_, *cached, scan.inputs, scan.outputs);
        } catch (const Error &e) {
            if (e.status() != EDGEML_E_MODEL_REJECTED)
                throw;
            std::string text = "plan " + cache_.file(key, plan_extension).string() + " is built again: " + e.what();
            log_.tell(EDGEML_LOG_WARNING, text.c_str());
            cache_.remove(key, plan_extension);
        }
    }
    Bytes plan = build(model, level, progress);
    std::unique_ptr<Network> network;
    try {
        network = std::make_unique<TrtNetwork>(library_, plan, scan.inputs, scan.outputs);
    } catch (const Error &e) {
        throw Error(e.status(), "TensorRT " + to_text(library_->choice.version) +
                                    " does not take the plan it has just built: " + e.what());
    }
    std::string cause = cache_.write(key, plan_extension, plan);
    if (!cause.empty())
        log_.tell(EDGEML_LOG_WARNING, cause.c_str());
    return network;
}

} // namespace edgeml::trt
