#include "engine.h"
#include "status.h"
#include "versioned.h"

using namespace edgeml;

struct edgeml_outputs final : Object {
    edgeml_outputs(edgeml_context *owner, std::unique_ptr<Outputs> run) : context(owner), ran(std::move(run)) {}

    const Ref<edgeml_context> context;
    const std::unique_ptr<Outputs> ran;
};

extern "C" {

edgeml_status edgeml_outputs_create(edgeml_outputs **out_outputs, const edgeml_engine *engine,
                                    const void *const *inputs, const uint64_t *input_bytes, uint32_t input_count) {
    return guarded([&] {
        require(out_outputs, "out_outputs");
        *out_outputs = nullptr;
        require(engine, "engine");
        const std::vector<TensorInfo> &expected = engine->network->inputs();
        if (input_count != expected.size())
            reject(std::to_string(input_count) + " inputs for an engine with " + std::to_string(expected.size()));
        std::vector<std::unique_ptr<std::byte[]>> zeros;
        std::vector<const void *> given(input_count);
        for (std::uint32_t i = 0; i < input_count; ++i) {
            require(inputs, "inputs");
            given[i] = inputs[i];
            if (given[i] == nullptr) {
                zeros.push_back(std::make_unique<std::byte[]>(static_cast<std::size_t>(expected[i].bytes)));
                given[i] = zeros.back().get();
                continue;
            }
            require(input_bytes, "input_bytes");
            if (input_bytes[i] != expected[i].bytes)
                throw Error(EDGEML_E_MISMATCH, "input " + expected[i].name + " is given " +
                                                   std::to_string(input_bytes[i]) + " bytes but is " +
                                                   describe(expected[i]));
        }
        *out_outputs = new edgeml_outputs(engine->context.get(), engine->network->run_once(given));
    });
}

edgeml_status edgeml_outputs_get(edgeml_tensor_info *out_info, const void **out_data, const edgeml_outputs *outputs,
                                 uint32_t index) {
    return guarded([&] {
        if (out_data != nullptr)
            *out_data = nullptr;
        require(outputs, "outputs");
        const auto &entries = outputs->ran->entries();
        if (index >= entries.size())
            reject("output " + std::to_string(index) + " of a run with " + std::to_string(entries.size()));
        write_tensor_info(out_info, entries[index].info);
        if (out_data != nullptr)
            *out_data = entries[index].data;
    });
}

void edgeml_outputs_destroy(edgeml_outputs *outputs) {
    release(outputs);
}

// The names until ABI 1.6.

edgeml_status edgeml_probe_create(edgeml_outputs **out_outputs, const edgeml_engine *engine, const void *const *inputs,
                                  const uint64_t *input_bytes, uint32_t input_count) {
    return edgeml_outputs_create(out_outputs, engine, inputs, input_bytes, input_count);
}

edgeml_status edgeml_probe_get_output(edgeml_tensor_info *out_info, const void **out_data,
                                      const edgeml_outputs *outputs, uint32_t index) {
    return edgeml_outputs_get(out_info, out_data, outputs, index);
}

void edgeml_probe_destroy(edgeml_outputs *outputs) {
    edgeml_outputs_destroy(outputs);
}
}
