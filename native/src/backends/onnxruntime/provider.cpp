#include "provider.h"

#include "dynamic_library.h"

#include <filesystem>

namespace edgeml::ort {

namespace {

namespace fs = std::filesystem;

#if defined(_WIN32)
constexpr const char *prefix = "onnxruntime_providers_", *suffix = ".dll";
#elif defined(__APPLE__)
constexpr const char *prefix = "libonnxruntime_providers_", *suffix = ".dylib";
#else
constexpr const char *prefix = "libonnxruntime_providers_", *suffix = ".so";
#endif

// What is wrong with a provider's libraries, beside what ONNX Runtime has `said`: some of its versions only log why one
// cannot be loaded. After it has tried: a provider that is loaded before ONNX Runtime has made itself known to it
// cannot be used later.
std::string fault_of(const Library &library, const std::string &provider, const std::string &said) {
    fs::path folder = folder_of(library.entry);
    if (folder.empty())
        return "its folder is not known";
    for (const std::string &part : {std::string("shared"), provider}) {
        fs::path file = folder / (prefix + part + suffix);
        std::error_code ignored;
        if (!fs::exists(file, ignored))
            return folder.string() + " has no " + file.filename().string();
        std::string cause;
        void *handle = edgeml::open_library(file.string(), cause);
        if (handle != nullptr)
            close_library(handle);
        else if (said.find(cause) == std::string::npos)
            return file.filename().string() + " cannot be loaded: " + cause;
    }
    return {};
}

// ONNX Runtime begins some reasons with a place in its sources.
std::string without_place(const std::string &reason) {
    static constexpr char mark[] = "[ONNXRuntimeError] : ";
    std::size_t at = reason.find(mark);
    if (at == std::string::npos)
        return reason;
    for (int field = 0; field < 2 && at != std::string::npos; ++field) // code and name
        at = reason.find(" : ", at + (field == 0 ? sizeof mark - 1 : 1));
    return at == std::string::npos ? reason : "ONNX Runtime: " + reason.substr(at + 3);
}

} // namespace

std::shared_ptr<const Provider> Provider::find(const std::shared_ptr<Runtime> &runtime,
                                               const edgeml_context_desc &desc) {
    bool with_tensorrt = desc.backend == EDGEML_BACKEND_ONNXRUNTIME_TENSORRT;
    if (!with_tensorrt && desc.backend != EDGEML_BACKEND_ONNXRUNTIME_CUDA)
        return nullptr;
    try {
        std::shared_ptr<const Provider> provider(new Provider(runtime, desc));
        provider->try_out();
        return provider;
    } catch (const Error &e) {
        const Library &library = runtime->library;
        std::string said = without_place(e.what());
        said.erase(said.find_last_not_of(" \r\n") + 1);
        std::string text = std::string("backend ") + (with_tensorrt ? "tensorrt-ep" : "cuda") + ": " + said + " (" +
                           library.version + " from " + library.path + ")";
        std::string fault = fault_of(library, "cuda", said);
        if (fault.empty() && with_tensorrt)
            fault = fault_of(library, "tensorrt", said);
        if (!fault.empty())
            text += "; " + fault;
        throw Error(EDGEML_E_BACKEND_MISSING, text);
    }
}

Provider::Provider(std::shared_ptr<Runtime> runtime, const edgeml_context_desc &desc)
    : runtime_(std::move(runtime)), cuda_(runtime_->api.ReleaseCUDAProviderOptions),
      tensorrt_(runtime_->api.ReleaseTensorRTProviderOptions) {
    const OrtApi &api = runtime_->api;
    std::string device = std::to_string(desc.device);
    runtime_->check(api.CreateCUDAProviderOptions(cuda_.out()));
    // TF32 keeps 10 of the 23 bits of a product's factors: answers would differ from those of other backends.
    const char *keys[] = {"device_id", "use_tf32"}, *values[] = {device.c_str(), "0"};
    runtime_->check(api.UpdateCUDAProviderOptions(cuda_.get(), keys, values, std::size(keys)));
    if (desc.backend == EDGEML_BACKEND_ONNXRUNTIME_CUDA)
        return;
    runtime_->check(api.CreateTensorRTProviderOptions(tensorrt_.out()));
    // Without its cache of engines, whose files are named after the graph and not after its weights.
    runtime_->check(api.UpdateTensorRTProviderOptions(tensorrt_.get(), keys, values, 1));
}

void Provider::append(OrtSessionOptions *options) const {
    const OrtApi &api = runtime_->api;
    if (tensorrt_.get() != nullptr)
        runtime_->check(api.SessionOptionsAppendExecutionProvider_TensorRT_V2(options, tensorrt_.get()));
    runtime_->check(api.SessionOptionsAppendExecutionProvider_CUDA_V2(options, cuda_.get()));
}

void Provider::try_out() const {
    Owned<OrtSessionOptions> options(runtime_->api.ReleaseSessionOptions);
    runtime_->check(runtime_->api.CreateSessionOptions(options.out()));
    runtime_->choose_threads(options.get());
    append(options.get());
    Owned<OrtSession> session(runtime_->api.ReleaseSession);
    runtime_->check(runtime_->create_trial(options.get(), session.out()));
}

} // namespace edgeml::ort
