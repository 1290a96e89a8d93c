#include "engine.h"

#include "status.h"
#include "versioned.h"

#include <cstddef>

using namespace edgeml;

namespace {
const TensorInfo &at(const std::vector<TensorInfo> &tensors, uint32_t index, const char *kind) {
    if (index >= tensors.size())
        reject(std::string(kind) + " " + std::to_string(index) + " of an engine with " +
               std::to_string(tensors.size()));
    return tensors[index];
}

edgeml_engine_desc read_desc(const edgeml_engine_desc *desc, const edgeml_context *context,
                             const edgeml_weights *weights) {
    require(context, "context");
    edgeml_engine_desc known = read_struct(desc, offsetof(edgeml_engine_desc, progress), "desc");
    require(known.model, "model");
    if (known.model_bytes == 0 || known.model_bytes > INT32_MAX)
        reject("model of " + std::to_string(known.model_bytes) + " bytes, 1..2147483647 are possible");
    if (known.optimization > EDGEML_OPTIMIZE_ALL)
        reject("optimization " + std::to_string(known.optimization) + " is unknown");
    if (weights != nullptr && weights->context.get() != context)
        reject("weights belong to another context");
    return known;
}

std::span<const std::byte> model_of(const edgeml_engine_desc &desc) {
    return {static_cast<const std::byte *>(desc.model), static_cast<std::size_t>(desc.model_bytes)};
}
} // namespace

extern "C" {

edgeml_status edgeml_engine_create(edgeml_engine **out_engine, edgeml_context *context, edgeml_weights *weights,
                                   const edgeml_engine_desc *desc) {
    return guarded([&] {
        require(out_engine, "out_engine");
        *out_engine = nullptr;
        edgeml_engine_desc known = read_desc(desc, context, weights);
        *out_engine = new edgeml_engine(context, weights,
                                        context->backend->load(model_of(known), known.optimization,
                                                               weights != nullptr ? weights->set.get() : nullptr,
                                                               {known.progress, known.progress_user}));
    });
}

edgeml_status edgeml_engine_optimize(uint32_t *out_written, edgeml_context *context, edgeml_weights *weights,
                                     const edgeml_engine_desc *desc, const char *path) {
    return guarded([&] {
        require(out_written, "out_written");
        *out_written = 0;
        edgeml_engine_desc known = read_desc(desc, context, weights);
        require(path, "path");
        *out_written = context->backend->write_optimized(model_of(known), known.optimization,
                                                         weights != nullptr ? weights->set.get() : nullptr, path)
                           ? 1
                           : 0;
    });
}

edgeml_status edgeml_engine_get_info(edgeml_engine_info *out_info, const edgeml_engine *engine) {
    return guarded([&] {
        std::uint32_t size = out_struct_size(out_info, sizeof(edgeml_engine_info), "out_info");
        require(engine, "engine");
        edgeml_engine_info info{};
        info.inputs = static_cast<std::uint32_t>(engine->network->inputs().size());
        info.outputs = static_cast<std::uint32_t>(engine->network->outputs().size());
        info.resident_bytes = engine->network->resident_bytes();
        write_struct(out_info, info, size);
    });
}

edgeml_status edgeml_engine_get_input(edgeml_tensor_info *out_info, const edgeml_engine *engine, uint32_t index) {
    return guarded([&] {
        require(engine, "engine");
        write_tensor_info(out_info, at(engine->network->inputs(), index, "input"));
    });
}

edgeml_status edgeml_engine_get_output(edgeml_tensor_info *out_info, const edgeml_engine *engine, uint32_t index) {
    return guarded([&] {
        require(engine, "engine");
        write_tensor_info(out_info, at(engine->network->outputs(), index, "output"));
    });
}

void edgeml_engine_destroy(edgeml_engine *engine) {
    release(engine);
}
}
