#include "context.h"

#include "float_state.h"
#include "status.h"
#include "versioned.h"

#include <cstddef>

using namespace edgeml;

namespace {
void check_own_threads(const edgeml_context_desc &desc) {
    if (desc.backend == EDGEML_BACKEND_TENSORRT)
        reject("own threads, cores and priority go with ONNX Runtime, not with TensorRT");
    // Threads that wait in a loop slow the other pools many times over, and with a priority stop everything else.
    if ((desc.flags & EDGEML_CONTEXT_ALLOW_SPINNING) != 0)
        reject("own threads, cores and priority do not go with spinning");
}
} // namespace

extern "C" {

edgeml_status edgeml_context_create(edgeml_context **out_context, const edgeml_context_desc *desc) {
    return guarded([&] {
        require(out_context, "out_context");
        *out_context = nullptr;
        edgeml_context_desc known = read_struct(desc, offsetof(edgeml_context_desc, cache_path), "desc");
        if (known.threads > 1024)
            reject(std::to_string(known.threads) + " threads, at most 1024 are allowed");
        if ((known.flags & ~(EDGEML_CONTEXT_ALLOW_SPINNING | EDGEML_CONTEXT_OWN_THREADS)) != 0)
            reject("context flags " + std::to_string(known.flags) + " are unknown");
        if (known.backend > EDGEML_BACKEND_ONNXRUNTIME_TENSORRT)
            reject("backend " + std::to_string(known.backend) + " is unknown");
        if (known.route > EDGEML_ROUTE_STREAMS)
            reject("route " + std::to_string(known.route) + " is unknown");
        if (known.device > INT32_MAX)
            reject("device " + std::to_string(known.device) + " cannot be");
        FloatState keep;
        std::shared_ptr<const ComputePlace> place = ComputePlace::make(known);
        if (place)
            known.flags |= EDGEML_CONTEXT_OWN_THREADS;
        if ((known.flags & EDGEML_CONTEXT_OWN_THREADS) != 0)
            check_own_threads(known);
        *out_context = new edgeml_context(
            known.backend == EDGEML_BACKEND_TENSORRT ? make_tensorrt(known) : make_onnxruntime(known, place), place);
    });
}

edgeml_status edgeml_context_get_info(edgeml_context_info *out_info, const edgeml_context *context) {
    return guarded([&] {
        std::uint32_t size = out_struct_size(out_info, sizeof(edgeml_context_info), "out_info");
        require(context, "context");
        edgeml_context_info info{};
        context->backend->describe(info);
        write_struct(out_info, info, size);
    });
}

void edgeml_context_destroy(edgeml_context *context) {
    release(context);
}
}
