#include "engine.h"
#include "guard.h"
#include "messages.h"

using namespace edgeml::trt;

namespace {

edgeml_status runtime_open(edgeml_trt_runtime **out, const char *infer_path, const char *parser_path, edgeml_log_fn log,
                           void *log_user, edgeml_trt_error *error) {
    return guarded(error, [&] {
        *out = nullptr;
        *out = new edgeml_trt_runtime(infer_path, parser_path, log, log_user);
    });
}

edgeml_trt_version runtime_version(const edgeml_trt_runtime *runtime) {
    return runtime->version;
}

void runtime_close(edgeml_trt_runtime *runtime) {
    delete runtime;
}

edgeml_status build_plan(edgeml_trt_runtime *runtime, edgeml_trt_blob **out_plan, edgeml_trt_blob **out_timing_cache,
                         const edgeml_trt_build_desc *desc, edgeml_trt_error *error) {
    return guarded(error, [&] {
        *out_plan = nullptr;
        if (out_timing_cache != nullptr)
            *out_timing_cache = nullptr;
        std::unique_ptr<edgeml_trt_blob> plan, timing_cache;
        build(*runtime, *desc, plan, out_timing_cache != nullptr ? &timing_cache : nullptr);
        *out_plan = plan.release();
        if (out_timing_cache != nullptr)
            *out_timing_cache = timing_cache.release();
    });
}

const void *blob_data(const edgeml_trt_blob *blob, uint64_t *out_bytes) {
    *out_bytes = blob->memory->size();
    return blob->memory->data();
}

void blob_free(edgeml_trt_blob *blob) {
    delete blob;
}

edgeml_status engine_load(edgeml_trt_runtime *runtime, edgeml_trt_engine **out, const void *plan, uint64_t plan_bytes,
                          edgeml_trt_error *error) {
    return guarded(error, [&] {
        *out = nullptr;
        *out = new edgeml_trt_engine(*runtime, plan, static_cast<std::size_t>(plan_bytes));
    });
}

uint32_t engine_tensor_count(const edgeml_trt_engine *engine) {
    return static_cast<uint32_t>(engine->tensors.size());
}

void engine_tensor(const edgeml_trt_engine *engine, uint32_t index, edgeml_trt_tensor *out) {
    *out = engine->tensors[index];
}

uint64_t engine_scratch_bytes(const edgeml_trt_engine *engine) {
    return static_cast<uint64_t>(engine->engine->getDeviceMemorySizeV2());
}

void engine_free(edgeml_trt_engine *engine) {
    delete engine;
}

edgeml_status context_create(edgeml_trt_engine *engine, edgeml_trt_context **out, uint64_t scratch,
                             uint64_t scratch_bytes, const uint64_t *addresses, edgeml_trt_error *error) {
    return guarded(error, [&] {
        *out = nullptr;
        *out = new edgeml_trt_context(*engine, scratch, scratch_bytes, addresses);
    });
}

edgeml_status context_enqueue(edgeml_trt_context *context, void *stream, edgeml_trt_error *error) {
    if (context->context->enqueueV3(static_cast<cudaStream_t>(stream)))
        return EDGEML_OK;
    return guarded(error, [] { throw Failure(EDGEML_E_RUN_FAILED, explain("TensorRT failed to run")); });
}

void context_free(edgeml_trt_context *context) {
    delete context;
}

const edgeml_trt_plugin table = {
    EDGEML_TRT_ABI,  {NV_TENSORRT_MAJOR, NV_TENSORRT_MINOR, NV_TENSORRT_PATCH, NV_TENSORRT_BUILD},
    runtime_open,    runtime_version,
    runtime_close,   build_plan,
    blob_data,       blob_free,
    engine_load,     engine_tensor_count,
    engine_tensor,   engine_scratch_bytes,
    engine_free,     context_create,
    context_enqueue, context_free,
};

} // namespace

extern "C" EDGEML_API const edgeml_trt_plugin *edgeml_trt_entry(void);

const edgeml_trt_plugin *edgeml_trt_entry(void) {
    return &table;
}
