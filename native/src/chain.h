// Stages in order, and the state of one run.
#pragma once

#include "buffer.h"
#include "engine.h"

#include <atomic>

namespace edgeml {

struct ChainGate {
    edgeml_gate desc;
    Ref<edgeml_buffer> logits;
};

struct ChainStage {
    edgeml_stage desc; // without its gates
    std::vector<ChainGate> gates;
    Ref<const edgeml_engine> engine;
    Ref<edgeml_buffer> input;
    Ref<edgeml_buffer> boundary;
    Ref<edgeml_buffer> logits;
    TensorInfo input_tensor;
    TensorInfo boundary_tensor;
    std::vector<Network::Slot> outputs;
    std::unique_ptr<Binding> binding;                   // null on a device
    std::vector<std::unique_ptr<Binding>> row_bindings; // [rows - 1], made when first wanted

    bool is_final() const noexcept { return (desc.flags & EDGEML_STAGE_FINAL) != 0; }
    bool is_raw() const noexcept { return (desc.flags & EDGEML_STAGE_RAW) != 0; }
    bool is_side_head_alone() const noexcept { return logits && !boundary && !is_final() && gates.empty(); }
    Binding &binding_of(std::uint32_t rows);
};

} // namespace edgeml

struct edgeml_chain final : edgeml::Object {
    explicit edgeml_chain(edgeml_context *owner) : context(owner), runner(owner->backend->make_runner()) {}

    void set_rule(const edgeml::ExitRule &next);
    void add(const edgeml_engine *engine, edgeml_buffer *input, edgeml_buffer *boundary, edgeml_buffer *logits,
             const edgeml_stage &desc);
    edgeml_run_result run(const edgeml_run_desc &desc);
    // Leaves a result per row in row_results.
    void run_rows(const edgeml_batch_desc &desc);

    const edgeml::Ref<edgeml_context> context;
    std::vector<edgeml::ChainStage> stages;
    edgeml::ExitRule rule;
    const std::unique_ptr<edgeml::Runner> runner; // null: this thread runs one binding after another
    std::atomic_flag taken = ATOMIC_FLAG_INIT;
    std::vector<edgeml_run_result> row_results;

  private:
    struct Span {
        std::size_t first, end;
    };

    void check_writer(const edgeml_buffer *input, const edgeml::TensorInfo &tensor) const;
    std::vector<edgeml::ChainGate> read_gates(const edgeml::Network &network, const edgeml_stage &desc) const;
    Span span_of(std::uint32_t first_stage, std::uint32_t stage_count) const;
    bool batches(Span span) const noexcept;
    void check_rows(const edgeml_batch_desc &desc, Span span, bool together) const;
    void run_together(const edgeml_batch_desc &desc, Span span);
    void run_apart(const edgeml_batch_desc &desc);

    std::vector<std::uint32_t> rows_left_; // while a batch runs: the row at each place
};
