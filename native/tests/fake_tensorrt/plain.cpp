// A plug-in and its TensorRT in one library, reached only through the plug-in's table: it needs no header of TensorRT,
// so search, plans, builds, faults and routes are tested everywhere. The real plug-ins meet TensorRT's interfaces in
// infer.cpp.
#include "execution.h"

#include "backends/tensorrt/plugin.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace {

using fake::world;

constexpr edgeml_trt_version version = {10, 3, 0, 0};
constexpr char plan_magic[8] = {'P', 'L', 'A', 'I', 'N', 'P', 'L', 'N'};
constexpr char timing[16] = "plain timing";

edgeml_status fail(edgeml_trt_error *error, edgeml_status status, const std::string &text) {
    std::size_t length = std::min(text.size(), sizeof error->text - 1);
    std::memcpy(error->text, text.data(), length);
    error->text[length] = '\0';
    return status;
}

} // namespace

struct edgeml_trt_runtime {
    bool has_parser;
    edgeml_log_fn log;
    void *log_user;
};

struct edgeml_trt_blob {
    std::vector<std::byte> bytes;
};

struct edgeml_trt_engine {
    std::shared_ptr<const fake::Model> model;
};

struct edgeml_trt_context {
    explicit edgeml_trt_context(std::shared_ptr<const fake::Model> model) : execution(std::move(model)) {}
    fake::Execution execution;
};

namespace {

edgeml_trt_blob *make_blob(const void *head, std::size_t head_bytes, const void *rest, std::size_t rest_bytes) {
    auto *blob = new edgeml_trt_blob{std::vector<std::byte>(head_bytes + rest_bytes)};
    std::memcpy(blob->bytes.data(), head, head_bytes);
    if (rest_bytes > 0)
        std::memcpy(blob->bytes.data() + head_bytes, rest, rest_bytes);
    return blob;
}

edgeml_status runtime_open(edgeml_trt_runtime **out, const char *, const char *parser, edgeml_log_fn log, void *user,
                           edgeml_trt_error *) {
    log(user, EDGEML_LOG_INFO, "a runtime of the double");
    *out = new edgeml_trt_runtime{parser != nullptr, log, user};
    return EDGEML_OK;
}

edgeml_trt_version runtime_version(const edgeml_trt_runtime *) {
    return version;
}

void runtime_close(edgeml_trt_runtime *runtime) {
    delete runtime;
}

edgeml_status build(edgeml_trt_runtime *runtime, edgeml_trt_blob **out_plan, edgeml_trt_blob **out_timing,
                    const edgeml_trt_build_desc *desc, edgeml_trt_error *error) {
    *out_plan = *out_timing = nullptr;
    if (!runtime->has_parser)
        return fail(error, EDGEML_E_BACKEND_MISSING, "no ONNX parser library of TensorRT was found");
    ++world().builds;
    if (desc->timing_cache_bytes == sizeof timing && std::memcmp(desc->timing_cache, timing, sizeof timing) == 0)
        ++world().warm_timing_caches;
    const auto *first = static_cast<const std::byte *>(desc->onnx);
    try {
        fake::Model parsed(std::vector<std::byte>(first, first + desc->onnx_bytes));
    } catch (const std::runtime_error &e) {
        return fail(error, EDGEML_E_MODEL_REJECTED, std::string("TensorRT's parser refuses the model: ") + e.what());
    }
    if (desc->allow_tf32 != 0 || world().refuse_build)
        return fail(error, EDGEML_E_MODEL_REJECTED,
                    std::string("TensorRT cannot build the model: ") +
                        (desc->allow_tf32 != 0 ? "TF32 is on" : "no tactic is left (this is the double)"));
    constexpr int steps = 8;
    for (int step = 1; step <= steps && desc->progress != nullptr; ++step)
        if (desc->progress(desc->progress_user, static_cast<double>(step) / steps, "Building Engine") != 0)
            return fail(error, EDGEML_E_CANCELLED, "the build was cancelled");
    runtime->log(runtime->log_user, EDGEML_LOG_INFO, "a plan of the double");
    *out_plan = make_blob(plan_magic, sizeof plan_magic, desc->onnx, static_cast<std::size_t>(desc->onnx_bytes));
    *out_timing = make_blob(timing, sizeof timing, nullptr, 0);
    return EDGEML_OK;
}

const void *blob_data(const edgeml_trt_blob *blob, std::uint64_t *out_bytes) {
    *out_bytes = blob->bytes.size();
    return blob->bytes.data();
}

void blob_free(edgeml_trt_blob *blob) {
    delete blob;
}

edgeml_status engine_load(edgeml_trt_runtime *, edgeml_trt_engine **out, const void *plan, std::uint64_t bytes,
                          edgeml_trt_error *error) {
    ++world().engines_loaded;
    bool refused = world().refuse_plans > 0 && world().refuse_plans-- > 0;
    if (refused || bytes < sizeof plan_magic || std::memcmp(plan, plan_magic, sizeof plan_magic) != 0)
        return fail(error, EDGEML_E_MODEL_REJECTED, "TensorRT does not take the plan: version tag does not match");
    constexpr const char *odd[] = {"", "lies in host memory", "is not stored in rows", "has the unknown dimension 0",
                                   "is a shape"};
    if (fake::Odd how = world().odd; how != fake::Odd::nothing)
        return fail(error, EDGEML_E_UNSUPPORTED,
                    std::string("a tensor of the plan ") + odd[static_cast<std::size_t>(how)]);
    const auto *first = static_cast<const std::byte *>(plan);
    *out = new edgeml_trt_engine{fake::Model::share(std::vector<std::byte>(first + sizeof plan_magic, first + bytes))};
    return EDGEML_OK;
}

std::uint32_t engine_tensor_count(const edgeml_trt_engine *engine) {
    return static_cast<std::uint32_t>(engine->model->tensors.size());
}

void engine_tensor(const edgeml_trt_engine *engine, std::uint32_t index, edgeml_trt_tensor *out) {
    const fake::Model::Tensor &tensor = engine->model->tensors[index];
    *out = {tensor.info.name, tensor.is_input ? 1u : 0u, tensor.info.dtype, tensor.info.rank, {}};
    std::copy_n(tensor.info.dims, tensor.info.rank, out->dims);
}

std::uint64_t engine_scratch_bytes(const edgeml_trt_engine *) {
    return fake::scratch_bytes;
}

void engine_free(edgeml_trt_engine *engine) {
    delete engine;
}

edgeml_status context_create(edgeml_trt_engine *engine, edgeml_trt_context **out, std::uint64_t scratch,
                             std::uint64_t scratch_bytes, const std::uint64_t *addresses, edgeml_trt_error *error) {
    auto context = std::make_unique<edgeml_trt_context>(engine->model);
    context->execution.set_scratch(scratch, static_cast<std::int64_t>(scratch_bytes));
    for (std::size_t i = 0; i < engine->model->tensors.size(); ++i)
        if (!context->execution.set_address(engine->model->tensors[i].info.name, addresses[i]))
            return fail(error, EDGEML_E_INVALID_ARGUMENT, "an address is not a multiple of 256");
    *out = context.release();
    return EDGEML_OK;
}

edgeml_status context_enqueue(edgeml_trt_context *context, void *stream, edgeml_trt_error *error) {
    const char *wrong = context->execution.enqueue(static_cast<CUstream_st *>(stream));
    return wrong == nullptr ? EDGEML_OK
                            : fail(error, EDGEML_E_RUN_FAILED, std::string("TensorRT failed to run: ") + wrong);
}

void context_free(edgeml_trt_context *context) {
    delete context;
}

const edgeml_trt_plugin table = {
    EDGEML_TRT_ABI, version,        runtime_open,    runtime_version,     runtime_close, build,
    blob_data,      blob_free,      engine_load,     engine_tensor_count, engine_tensor, engine_scratch_bytes,
    engine_free,    context_create, context_enqueue, context_free,
};

} // namespace

extern "C" {

EDGEML_FAKE_API const edgeml_trt_plugin *edgeml_trt_entry() {
    return &table;
}
EDGEML_FAKE_API std::int32_t getInferLibMajorVersion() {
    return version.major;
}
EDGEML_FAKE_API std::int32_t getInferLibMinorVersion() {
    return version.minor;
}
EDGEML_FAKE_API std::int32_t getInferLibPatchVersion() {
    return version.patch;
}
EDGEML_FAKE_API std::int32_t getInferLibBuildVersion() {
    return version.build;
}
}
