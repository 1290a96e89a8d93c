// ONNX Runtime's execution providers for NVIDIA GPUs, in libraries that lie beside its main one.
#pragma once

#include "runtime.h"

#include <memory>
#include <string>

namespace edgeml::ort {

// One that can be used here. Any thread.
class Provider {
  public:
    // Null for the processor itself. Throws EDGEML_E_BACKEND_MISSING with every reason that is known where a session
    // cannot be made with it.
    static std::shared_ptr<const Provider> find(const std::shared_ptr<Runtime> &runtime,
                                                const edgeml_context_desc &desc);

    // Says that sessions compute with it; what it cannot compute, the processor does.
    void append(OrtSessionOptions *options) const;

    // "cuda", as in --backend.
    const char *name() const noexcept { return tensorrt_.get() != nullptr ? "tensorrt-ep" : "cuda"; }

  private:
    Provider(std::shared_ptr<Runtime> runtime, const edgeml_context_desc &desc);
    void try_out() const;

    const std::shared_ptr<Runtime> runtime_;
    Owned<OrtCUDAProviderOptionsV2> cuda_;
    Owned<OrtTensorRTProviderOptionsV2> tensorrt_; // null for CUDA alone
};

} // namespace edgeml::ort
