#include "chain.h"

#include "status.h"
#include "versioned.h"

#include <cstddef>

using namespace edgeml;

namespace {

// Held while a chain runs or grows; a second caller is turned away instead of waiting.
class RunGuard {
  public:
    explicit RunGuard(std::atomic_flag &taken) : taken_(taken) {
        if (taken_.test_and_set(std::memory_order_acquire))
            throw Error(EDGEML_E_BUSY, "the chain is running on another thread");
    }
    ~RunGuard() { taken_.clear(std::memory_order_release); }
    RunGuard(const RunGuard &) = delete;
    RunGuard &operator=(const RunGuard &) = delete;

  private:
    std::atomic_flag &taken_;
};

const TensorInfo &output(const edgeml_engine *engine, std::uint32_t index, const char *what) {
    const std::vector<TensorInfo> &outputs = engine->network->outputs();
    if (index >= outputs.size())
        reject(std::string(what) + " output " + std::to_string(index) + " of an engine with " +
               std::to_string(outputs.size()));
    return outputs[index];
}

void check_fits(const TensorInfo &tensor, const edgeml_buffer *buffer) {
    if (tensor.bytes > buffer->bytes)
        throw Error(EDGEML_E_MISMATCH, "tensor " + tensor.name + " is " + describe(tensor) + ", its buffer has " +
                                           std::to_string(buffer->bytes));
}

// A device turns narrow logits into floats for the buffer; the host takes floats only.
void check_exit(std::uint32_t exit, std::uint32_t last, std::uint32_t classes, const TensorInfo &tensor,
                const edgeml_buffer *logits, bool on_device) {
    if (exit < 1 || exit > last)
        reject("exit " + std::to_string(exit) + " is outside 1.." + std::to_string(last));
    bool known = tensor.dtype == EDGEML_DTYPE_F32 ||
                 (on_device && (tensor.dtype == EDGEML_DTYPE_F16 || tensor.dtype == EDGEML_DTYPE_BF16));
    if (!known || classes == 0 || tensor.bytes != std::uint64_t{classes} * dtype_bytes(tensor.dtype) ||
        logits->bytes < std::uint64_t{classes} * sizeof(float))
        throw Error(EDGEML_E_MISMATCH, "exit " + std::to_string(exit) + " has " + std::to_string(classes) +
                                           " classes, its tensor " + tensor.name + " is " + describe(tensor));
}

} // namespace

// The stage that last wrote a buffer must have written the tensor read from it now.
void edgeml_chain::check_writer(const edgeml_buffer *input, const TensorInfo &tensor) const {
    for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) {
        if (stage->boundary.get() != input)
            continue;
        const TensorInfo &written = stage->boundary_tensor;
        if (written.dtype != tensor.dtype || written.bytes != tensor.bytes)
            throw Error(EDGEML_E_MISMATCH,
                        "stage " + std::to_string(stages.size()) + " reads " + tensor.name + " as " + describe(tensor) +
                            ", stage " + std::to_string(stages.rend() - stage - 1) + " writes " + describe(written));
        return;
    }
}

std::vector<ChainGate> edgeml_chain::read_gates(const Network &network, const edgeml_stage &desc) const {
    if (desc.gate_count > EDGEML_MAX_EXITS)
        reject(std::to_string(desc.gate_count) + " gates, " + std::to_string(EDGEML_MAX_EXITS) + " are possible");
    if (desc.gate_count > 0)
        require(desc.gates, "gates");
    if (network.has_gates() != (desc.gate_count > 0) || (desc.gate_count > 0 && runner != nullptr))
        throw Error(EDGEML_E_UNSUPPORTED, "a stage with " + std::to_string(desc.gate_count) +
                                              " gates, an engine with " + (network.has_gates() ? "some" : "none"));
    std::vector<ChainGate> gates;
    for (const edgeml_gate &gate : std::span(desc.gates, desc.gate_count)) {
        require(gate.logits, "the logits buffer of a gate");
        for (const ChainGate &other : gates)
            if (other.desc.exit_index == gate.exit_index || other.logits.get() == gate.logits)
                reject("two gates with exit " + std::to_string(gate.exit_index) + " or one buffer");
        gates.push_back({gate, Ref(gate.logits)});
    }
    return gates;
}

void edgeml_chain::add(const edgeml_engine *engine, edgeml_buffer *input, edgeml_buffer *boundary,
                       edgeml_buffer *logits, const edgeml_stage &desc) {
    if (engine->context.get() != context.get())
        reject("the engine belongs to another context");
    if (engine->network->inputs().size() != 1)
        throw Error(EDGEML_E_UNSUPPORTED, "a stage needs an engine with one input, this one has " +
                                              std::to_string(engine->network->inputs().size()));
    if (boundary == nullptr && logits == nullptr)
        reject("a stage needs a boundary buffer or a logits buffer");
    if (input == boundary || input == logits || boundary == logits)
        reject("a stage reads and writes the same buffer");
    bool is_final = (desc.flags & EDGEML_STAGE_FINAL) != 0, is_raw = (desc.flags & EDGEML_STAGE_RAW) != 0;
    if ((desc.flags & ~(EDGEML_STAGE_FINAL | EDGEML_STAGE_RAW)) != 0 || (is_final && logits == nullptr) ||
        (is_raw && !is_final))
        reject("stage flags " + std::to_string(desc.flags) + " do not fit this stage");
    if (is_raw && runner != nullptr)
        throw Error(EDGEML_E_UNSUPPORTED, "a device decides at every exit, this stage's " +
                                              std::to_string(desc.classes) + " outputs are no class scores");

    ChainStage stage{desc,        read_gates(*engine->network, desc), Ref(engine), Ref(input), Ref(boundary),
                     Ref(logits), engine->network->inputs()[0],       {},          {},         nullptr,
                     {}};
    stage.desc.gates = nullptr;
    check_fits(stage.input_tensor, input);
    check_writer(input, stage.input_tensor);
    std::vector<Network::Slot> &outputs = stage.outputs;
    auto bind_output = [&](std::uint32_t index, const edgeml_buffer *buffer) {
        for (const Network::Slot &other : outputs)
            if (other.index == index)
                reject("output " + std::to_string(index) + " is bound twice");
        outputs.push_back({index, buffer->data});
    };
    if (boundary != nullptr) {
        stage.boundary_tensor = output(engine, desc.boundary_output, "boundary");
        check_fits(stage.boundary_tensor, boundary);
        bind_output(desc.boundary_output, boundary);
    }
    if (logits != nullptr) {
        const TensorInfo &tensor = output(engine, desc.logits_output, "logits");
        check_fits(tensor, logits);
        check_exit(desc.exit_index, EDGEML_MAX_EXITS + (stage.is_final() ? 1u : 0u), desc.classes, tensor, logits,
                   runner != nullptr);
        bind_output(desc.logits_output, logits);
    } else if (desc.exit_index != 0 || desc.classes != 0) {
        reject("exit " + std::to_string(desc.exit_index) + " without a logits buffer");
    }
    for (const ChainGate &gate : stage.gates) {
        const TensorInfo &tensor = output(engine, gate.desc.logits_output, "logits");
        check_fits(tensor, gate.logits.get());
        check_exit(gate.desc.exit_index, EDGEML_MAX_EXITS, gate.desc.classes, tensor, gate.logits.get(), false);
        bind_output(gate.desc.logits_output, gate.logits.get());
    }
    Network::Slot inputs[] = {{0, input->data}};
    if (runner != nullptr)
        runner->add({desc, engine->network.get(), input->memory.get(),
                     boundary != nullptr ? boundary->memory.get() : nullptr,
                     logits != nullptr ? logits->memory.get() : nullptr});
    else
        stage.binding = engine->network->bind(inputs, outputs, 1);
    stages.push_back(std::move(stage));
}

void edgeml_chain::set_rule(const ExitRule &next) {
    if (runner != nullptr)
        runner->set_rule(next);
    rule = next;
}

extern "C" {

edgeml_status edgeml_chain_create(edgeml_chain **out_chain, edgeml_context *context) {
    return guarded([&] {
        require(out_chain, "out_chain");
        *out_chain = nullptr;
        require(context, "context");
        *out_chain = new edgeml_chain(context);
    });
}

edgeml_status edgeml_chain_add(edgeml_chain *chain, const edgeml_engine *engine, edgeml_buffer *input,
                               edgeml_buffer *boundary, edgeml_buffer *logits, const edgeml_stage *stage) {
    return guarded([&] {
        require(chain, "chain");
        require(engine, "engine");
        require(input, "input");
        edgeml_stage known = read_struct(stage, offsetof(edgeml_stage, gates), "stage");
        RunGuard guard(chain->taken);
        chain->add(engine, input, boundary, logits, known);
    });
}

edgeml_status edgeml_chain_set_rule(edgeml_chain *chain, const edgeml_exit_rule *rule) {
    return guarded([&] {
        require(chain, "chain");
        ExitRule known(read_struct(rule, sizeof(edgeml_exit_rule), "rule"));
        RunGuard guard(chain->taken);
        chain->set_rule(known);
    });
}

edgeml_status edgeml_chain_run(edgeml_run_result *out_result, edgeml_chain *chain, const edgeml_run_desc *desc) {
    return guarded([&] {
        std::uint32_t size = out_struct_size(out_result, offsetof(edgeml_run_result, route), "out_result");
        require(chain, "chain");
        edgeml_run_desc known = read_struct(desc, offsetof(edgeml_run_desc, input), "desc");
        RunGuard guard(chain->taken);
        ComputePlace::Stay stay(chain->context->place.get());
        write_struct(out_result, chain->run(known), size);
    });
}

edgeml_status edgeml_chain_run_batch(edgeml_run_result *out_results, edgeml_chain *chain,
                                     const edgeml_batch_desc *desc) {
    return guarded([&] {
        std::uint32_t size = out_struct_size(out_results, sizeof(edgeml_run_result), "out_results");
        require(chain, "chain");
        edgeml_batch_desc known = read_struct(desc, offsetof(edgeml_batch_desc, said), "desc");
        RunGuard guard(chain->taken);
        ComputePlace::Stay stay(chain->context->place.get());
        chain->run_rows(known);
        std::byte *out = reinterpret_cast<std::byte *>(out_results);
        for (const edgeml_run_result &result : chain->row_results) {
            edgeml_run_result *place = reinterpret_cast<edgeml_run_result *>(out);
            place->struct_size = size;
            write_struct(place, result, size);
            out += size;
        }
    });
}

void edgeml_chain_destroy(edgeml_chain *chain) {
    release(chain);
}
}
