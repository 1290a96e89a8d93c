// ONNX Runtime that says it has providers for GPUs, and computes on the processor: the library that EDGEML_FORWARD_TO
// names, with a few entries replaced. For everything that a backend on a device does above the provider itself.
#include "fake_onnxruntime.h"
#include "stubs.h"

#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>

using namespace stubs;

namespace {

const OrtApiBase *original() noexcept {
    static const OrtApiBase *base = [] {
        const char *path = std::getenv("EDGEML_FORWARD_TO");
        void *library = path != nullptr ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : nullptr;
        void *entry = library != nullptr ? dlsym(library, "OrtGetApiBase") : nullptr;
        return entry != nullptr ? reinterpret_cast<const OrtApiBase *(*)()>(entry)() : nullptr;
    }();
    return base;
}

const OrtApi *get_api(std::uint32_t version) noexcept {
    const OrtApi *real = original() != nullptr ? original()->GetApi(version) : nullptr;
    if (real == nullptr)
        return nullptr;
    static const OrtApi table = [&] {
        OrtApi api = *real;
        api.CreateCUDAProviderOptions = make;
        api.UpdateCUDAProviderOptions = succeed;
        api.ReleaseCUDAProviderOptions = nothing;
        api.CreateTensorRTProviderOptions = make;
        api.UpdateTensorRTProviderOptions = succeed;
        api.ReleaseTensorRTProviderOptions = nothing;
        api.SessionOptionsAppendExecutionProvider_CUDA_V2 = succeed;
        api.SessionOptionsAppendExecutionProvider_TensorRT_V2 = succeed;
        return api;
    }();
    return &table;
}

} // namespace

extern "C" EDGEML_API const OrtApiBase *OrtGetApiBase() noexcept {
    static const OrtApiBase base{get_api, []() noexcept { return "double"; }};
    return &base;
}
