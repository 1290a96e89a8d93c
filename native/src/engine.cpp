#include "engine.h"

#include "float_state.h"
#include "status.h"
#include "versioned.h"

#include <cstddef>

using namespace edgeml;

std::unique_ptr<Network> Backend::join(std::span<const Range>, WeightSet &, std::uint64_t, std::uint32_t) {
    throw Error(EDGEML_E_UNSUPPORTED, "exits cannot be decided inside engines of this backend");
}

namespace {
const TensorInfo &at(const std::vector<TensorInfo> &tensors, uint32_t index, const char *kind) {
    if (index >= tensors.size())
        reject(std::string(kind) + " " + std::to_string(index) + " of an engine with " +
               std::to_string(tensors.size()));
    return tensors[index];
}

std::span<const std::byte> model_of(const void *bytes, std::uint64_t count) {
    require(bytes, "model");
    if (count == 0 || count > INT32_MAX)
        reject("model of " + std::to_string(count) + " bytes, 1..2147483647 are possible");
    return {static_cast<const std::byte *>(bytes), static_cast<std::size_t>(count)};
}

void require_same_context(const edgeml_weights *weights, const edgeml_context *context) {
    if (weights != nullptr && weights->context.get() != context)
        reject("weights belong to another context");
}
} // namespace

extern "C" {

edgeml_status edgeml_engine_create(edgeml_engine **out_engine, edgeml_context *context, edgeml_weights *weights,
                                   const edgeml_engine_desc *desc) {
    return guarded([&] {
        require(out_engine, "out_engine");
        *out_engine = nullptr;
        require(context, "context");
        edgeml_engine_desc known = read_struct(desc, offsetof(edgeml_engine_desc, progress), "desc");
        std::span<const std::byte> model = model_of(known.model, known.model_bytes);
        if (known.optimization > EDGEML_OPTIMIZE_ALL)
            reject("optimization " + std::to_string(known.optimization) + " is unknown");
        require_same_context(weights, context);
        FloatState keep;
        *out_engine = new edgeml_engine(context, weights,
                                        context->backend->load(model, known.optimization,
                                                               weights != nullptr ? weights->set.get() : nullptr,
                                                               known.folder, {known.progress, known.progress_user}));
    });
}

edgeml_status edgeml_engine_join(edgeml_engine **out_engine, edgeml_context *context, edgeml_weights *weights,
                                 const edgeml_join_desc *desc) {
    return guarded([&] {
        require(out_engine, "out_engine");
        *out_engine = nullptr;
        require(context, "context");
        require(weights, "weights");
        require_same_context(weights, context);
        edgeml_join_desc known = read_struct(desc, offsetof(edgeml_join_desc, optimization), "desc");
        require(known.ranges, "ranges");
        if (known.range_count < 1 || known.range_count > EDGEML_MAX_EXITS + 1)
            reject(std::to_string(known.range_count) + " ranges, 1.." + std::to_string(EDGEML_MAX_EXITS + 1) +
                   " are possible");
        if (known.optimization > EDGEML_OPTIMIZE_ALL)
            reject("optimization " + std::to_string(known.optimization) + " is unknown");
        FloatState keep;
        std::vector<Range> ranges;
        for (const edgeml_range &range : std::span(known.ranges, known.range_count)) {
            bool is_last = ranges.size() + 1 == known.range_count;
            if (is_last ? range.exit_index != 0 : range.exit_index < 1 || range.exit_index > EDGEML_MAX_EXITS)
                reject("exit " + std::to_string(range.exit_index) + " after range " + std::to_string(ranges.size()) +
                       " of " + std::to_string(known.range_count));
            ranges.push_back({model_of(range.model, range.model_bytes), range.exit_index});
        }
        *out_engine = new edgeml_engine(
            context, weights, context->backend->join(ranges, *weights->set, known.copy_limit, known.optimization));
    });
}

edgeml_status edgeml_engine_get_info(edgeml_engine_info *out_info, const edgeml_engine *engine) {
    return guarded([&] {
        std::uint32_t size = out_struct_size(out_info, sizeof(edgeml_engine_info), "out_info");
        require(engine, "engine");
        edgeml_engine_info info{};
        info.inputs = static_cast<std::uint32_t>(engine->network->inputs().size());
        info.outputs = static_cast<std::uint32_t>(engine->network->outputs().size());
        info.flags = engine->network->batches() ? EDGEML_ENGINE_BATCHES : 0;
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
