#include "buffer.h"
#include "decision.h"
#include "engine.h"
#include "status.h"
#include "versioned.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <limits>

using namespace edgeml;

namespace {

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

std::uint64_t nanoseconds() {
    return static_cast<std::uint64_t>(
        std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

struct Gate {
    edgeml_gate desc;
    Ref<edgeml_buffer> logits;
};

struct Stage {
    edgeml_stage desc; // without its gates
    std::vector<Gate> gates;
    Ref<const edgeml_engine> engine;
    Ref<edgeml_buffer> input;
    Ref<edgeml_buffer> boundary;
    Ref<edgeml_buffer> logits;
    TensorInfo input_tensor;
    TensorInfo boundary_tensor;
    std::unique_ptr<Binding> binding;

    bool is_final() const noexcept { return (desc.flags & EDGEML_STAGE_FINAL) != 0; }
    bool is_side_head_alone() const noexcept { return logits && !boundary && !is_final() && gates.empty(); }
};

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

const float *scores_in(const edgeml_buffer *buffer) noexcept {
    return reinterpret_cast<const float *>(buffer->data);
}

// Looks at exits as a run reaches them, and writes down the answer.
class Decider final : public Gatekeeper {
  public:
    Decider(const edgeml_run_desc &desc, edgeml_run_result &result) : desc_(desc), result_(result) {}

    const Stage *stage = nullptr; // the one that runs

    bool tries(std::uint32_t side_exit) const noexcept { return threshold(side_exit) > 0; }

    // Whether exit `exit` answers.
    bool takes(std::uint32_t exit, bool is_final, const float *logits, std::uint32_t classes) noexcept {
        Decision d = decide(logits, static_cast<std::int32_t>(classes));
        result_.flags |= d.invalid ? EDGEML_RESULT_INVALID_LOGITS : 0;
        if (!is_final) {
            result_.exit_entropy[exit - 1] = d.entropy;
            result_.exit_label[exit - 1] = d.label;
            if (!takes_exit(d.entropy, threshold(exit)))
                return false;
        }
        result_.outcome = is_final ? EDGEML_OUTCOME_FINAL : EDGEML_OUTCOME_EXITED;
        result_.exit_index = exit;
        result_.label = d.label;
        result_.entropy = d.entropy;
        result_.confidence = d.confidence;
        result_.margin = d.margin;
        result_.logits = logits;
        result_.logit_count = classes;
        return true;
    }

    bool pass(std::uint32_t exit, const float *logits) noexcept override {
        for (const Gate &gate : stage->gates)
            if (gate.desc.exit_index == exit)
                return !tries(exit) || !takes(exit, false, bring(logits, gate), gate.desc.classes);
        return true;
    }

  private:
    // An optimizer may give gate and output a node each (a DequantizeLinear): then the output is written later, or
    // never.
    static const float *bring(const float *logits, const Gate &gate) noexcept {
        std::byte *bound = gate.logits->data;
        if (logits != reinterpret_cast<const float *>(bound))
            std::memcpy(bound, logits, gate.desc.classes * sizeof(float));
        return scores_in(gate.logits.get());
    }

    float threshold(std::uint32_t side_exit) const noexcept {
        return side_exit >= 1 && side_exit <= desc_.threshold_count ? desc_.thresholds[side_exit - 1] : 0.0f;
    }

    const edgeml_run_desc &desc_;
    edgeml_run_result &result_;
};

} // namespace

struct edgeml_chain final : Object {
    explicit edgeml_chain(edgeml_context *owner) : context(owner), runner(owner->backend->make_runner()) {}

    void add(const edgeml_engine *engine, edgeml_buffer *input, edgeml_buffer *boundary, edgeml_buffer *logits,
             const edgeml_stage &desc);
    edgeml_run_result run(const edgeml_run_desc &desc);

    const Ref<edgeml_context> context;
    std::vector<Stage> stages;
    const std::unique_ptr<Runner> runner; // null: this thread runs one binding after another
    std::atomic_flag taken = ATOMIC_FLAG_INIT;

  private:
    void check_writer(const edgeml_buffer *input, const TensorInfo &tensor) const;
    std::vector<Gate> read_gates(const Network &network, const edgeml_stage &desc) const;
};

// The stage that last wrote a buffer must have written what is read from it now.
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

std::vector<Gate> edgeml_chain::read_gates(const Network &network, const edgeml_stage &desc) const {
    if (desc.gate_count > EDGEML_MAX_EXITS)
        reject(std::to_string(desc.gate_count) + " gates, " + std::to_string(EDGEML_MAX_EXITS) + " are possible");
    if (desc.gate_count > 0)
        require(desc.gates, "gates");
    if (network.has_gates() != (desc.gate_count > 0) || (desc.gate_count > 0 && runner != nullptr))
        throw Error(EDGEML_E_UNSUPPORTED, "a stage with " + std::to_string(desc.gate_count) +
                                              " gates, an engine with " + (network.has_gates() ? "some" : "none"));
    std::vector<Gate> gates;
    for (const edgeml_gate &gate : std::span(desc.gates, desc.gate_count)) {
        require(gate.logits, "the logits buffer of a gate");
        for (const Gate &other : gates)
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
    if ((desc.flags & ~EDGEML_STAGE_FINAL) != 0 || ((desc.flags & EDGEML_STAGE_FINAL) != 0 && logits == nullptr))
        reject("stage flags " + std::to_string(desc.flags) + " do not fit this stage");

    Stage stage{desc,        read_gates(*engine->network, desc), Ref(engine), Ref(input), Ref(boundary),
                Ref(logits), engine->network->inputs()[0],       {},          nullptr};
    stage.desc.gates = nullptr;
    check_fits(stage.input_tensor, input);
    check_writer(input, stage.input_tensor);
    std::vector<Network::Slot> outputs;
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
    for (const Gate &gate : stage.gates) {
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
        stage.binding = engine->network->bind(inputs, outputs);
    stages.push_back(std::move(stage));
}

edgeml_run_result edgeml_chain::run(const edgeml_run_desc &desc) {
    std::uint64_t begin = nanoseconds();
    if (desc.first_stage >= stages.size() || desc.stage_count > stages.size() - desc.first_stage)
        reject("stages " + std::to_string(desc.first_stage) + " + " + std::to_string(desc.stage_count) +
               " of a chain with " + std::to_string(stages.size()));
    if (desc.flags != 0)
        reject("run flags " + std::to_string(desc.flags) + " are unknown");
    if (desc.threshold_count > 0)
        require(desc.thresholds, "thresholds");
    if (desc.stage_ns != nullptr)
        std::fill_n(desc.stage_ns, desc.stage_ns_capacity, 0);

    edgeml_run_result result{};
    if (runner != nullptr) {
        runner->run(result, desc);
        result.total_ns = nanoseconds() - begin;
        return result;
    }
    result.label = -1;
    result.entropy = result.confidence = result.margin = nan_value;
    std::fill_n(result.exit_entropy, EDGEML_MAX_EXITS, nan_value);
    std::fill_n(result.exit_label, EDGEML_MAX_EXITS, -1);
    const Stage &first = stages[desc.first_stage];
    result.cut = first.input->data;
    result.cut_bytes = first.input_tensor.bytes;
    result.outcome = EDGEML_OUTCOME_CUT;

    std::size_t end = desc.stage_count == 0 ? stages.size() : std::size_t{desc.first_stage} + desc.stage_count;
    std::uint64_t last_ns = begin;
    Decider decider(desc, result);
    for (std::size_t i = desc.first_stage; i < end && result.outcome == EDGEML_OUTCOME_CUT; ++i) {
        const Stage &stage = stages[i];
        std::uint32_t exit = stage.desc.exit_index;
        bool tries = stage.is_final() || decider.tries(exit);
        if (stage.is_side_head_alone() && !tries)
            continue;

        bool ran_through = true;
        if (stage.gates.empty()) {
            stage.binding->run();
        } else {
            decider.stage = &stage;
            ran_through = stage.binding->run(decider);
        }
        ++result.stages_run;
        result.last_stage = static_cast<std::uint32_t>(i);
        if (ran_through && stage.boundary) {
            result.cut = stage.boundary->data;
            result.cut_bytes = stage.boundary_tensor.bytes;
        }
        if (ran_through && tries)
            decider.takes(exit, stage.is_final(), scores_in(stage.logits.get()), stage.desc.classes);
        if (desc.stage_ns != nullptr) {
            std::uint64_t now = nanoseconds();
            if (i < desc.stage_ns_capacity)
                desc.stage_ns[i] = now - last_ns;
            last_ns = now;
        }
    }
    result.total_ns = nanoseconds() - begin;
    return result;
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

edgeml_status edgeml_chain_run(edgeml_run_result *out_result, edgeml_chain *chain, const edgeml_run_desc *desc) {
    return guarded([&] {
        std::uint32_t size = out_struct_size(out_result, offsetof(edgeml_run_result, route), "out_result");
        require(chain, "chain");
        edgeml_run_desc known = read_struct(desc, sizeof(edgeml_run_desc), "desc");
        RunGuard guard(chain->taken);
        write_struct(out_result, chain->run(known), size);
    });
}

void edgeml_chain_destroy(edgeml_chain *chain) {
    release(chain);
}
}
