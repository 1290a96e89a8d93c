#include "chain.h"
#include "exit_decision/decision.h"
#include "status.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>

using namespace edgeml;

namespace {

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

std::uint64_t nanoseconds() {
    return static_cast<std::uint64_t>(
        std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

const float *scores_in(const edgeml_buffer *buffer) noexcept {
    return reinterpret_cast<const float *>(buffer->data);
}

edgeml_run_result undecided() noexcept {
    edgeml_run_result result{};
    result.outcome = EDGEML_OUTCOME_CUT;
    result.label = -1;
    result.entropy = result.confidence = result.margin = nan_value;
    std::fill_n(result.exit_entropy, EDGEML_MAX_EXITS, nan_value);
    std::fill_n(result.exit_label, EDGEML_MAX_EXITS, -1);
    return result;
}

// Looks at exits as a run reaches them, and writes down the answer.
class Decider final : public Gatekeeper {
  public:
    Decider(const ExitRule &rule, const float *thresholds, std::uint32_t count, edgeml_run_result &result)
        : rule_(rule), thresholds_(thresholds, count), result_(result) {}

    std::span<const std::int32_t> said; // by exits before this run

    const ChainStage *stage = nullptr; // the one that runs

    bool tries(std::uint32_t side_exit) const noexcept { return rule_.tries(side_exit, thresholds_); }

    // Whether exit `exit` answers.
    bool takes(std::uint32_t exit, bool is_final, const float *logits, std::uint32_t classes) noexcept {
        Decision d = decide(logits, static_cast<std::int32_t>(classes));
        result_.flags |= d.invalid ? EDGEML_RESULT_INVALID_LOGITS : 0;
        std::span<const float> row(logits, classes);
        float uncertainty = is_final ? rule_.of_final(d, row) : rule_.of_side(exit, d, row, agrees(exit, d.label));
        if (!is_final) {
            result_.exit_entropy[exit - 1] = uncertainty;
            result_.exit_label[exit - 1] = d.label;
            if (!takes_exit(uncertainty, threshold(exit)))
                return false;
        }
        result_.outcome = is_final ? EDGEML_OUTCOME_FINAL : EDGEML_OUTCOME_EXITED;
        result_.exit_index = exit;
        result_.label = d.label;
        result_.entropy = uncertainty;
        result_.confidence = d.confidence;
        result_.margin = d.margin;
        result_.logits = logits;
        result_.logit_count = classes;
        return true;
    }

    // The same for the exit after `stage`, whose outputs may be an answer that nothing is decided about.
    bool answers(const ChainStage &stage, const float *outputs) noexcept {
        if (!stage.is_raw())
            return takes(stage.desc.exit_index, stage.is_final(), outputs, stage.desc.classes);
        result_.outcome = EDGEML_OUTCOME_FINAL;
        result_.exit_index = stage.desc.exit_index;
        result_.logits = outputs;
        result_.logit_count = stage.desc.classes;
        return true;
    }

    bool pass(std::uint32_t exit, const float *logits) noexcept override {
        for (const ChainGate &gate : stage->gates)
            if (gate.desc.exit_index == exit)
                return !tries(exit) || !takes(exit, false, bring(logits, gate), gate.desc.classes);
        return true;
    }

  private:
    // An optimizer may give gate and output a node each (a DequantizeLinear): then the output is written later, or
    // never.
    static const float *bring(const float *logits, const ChainGate &gate) noexcept {
        std::byte *bound = gate.logits->data;
        if (logits != reinterpret_cast<const float *>(bound))
            std::memcpy(bound, logits, gate.desc.classes * sizeof(float));
        return scores_in(gate.logits.get());
    }

    float threshold(std::uint32_t side_exit) const noexcept {
        return side_exit >= 1 && side_exit <= thresholds_.size() ? thresholds_[side_exit - 1] : 0.0f;
    }

    bool agrees(std::uint32_t exit, std::int32_t label) const noexcept {
        return rule_.agrees(exit, label, [this](std::uint32_t other) { return label_of(other); });
    }

    // -1 where it is not known, or said of scores that are no numbers.
    std::int32_t label_of(std::uint32_t exit) const noexcept {
        if (result_.exit_label[exit - 1] >= 0)
            return std::isnan(result_.exit_entropy[exit - 1]) ? -1 : result_.exit_label[exit - 1];
        return exit <= said.size() ? said[exit - 1] : -1;
    }

    const ExitRule &rule_;
    std::span<const float> thresholds_;
    edgeml_run_result &result_;
};

std::span<const std::int32_t> said_of(const edgeml_batch_desc &desc, std::uint32_t row) noexcept {
    if (desc.said == nullptr)
        return {};
    return {desc.said + std::size_t{row} * EDGEML_MAX_EXITS, EDGEML_MAX_EXITS};
}

void check_holds(const edgeml_buffer *buffer, std::uint64_t row_bytes, std::uint32_t rows, const char *what) {
    if (buffer->bytes / rows < row_bytes)
        throw Error(EDGEML_E_MISMATCH, std::to_string(rows) + " rows of " + std::to_string(row_bytes) +
                                           " bytes, the buffer of the " + what + " has " +
                                           std::to_string(buffer->bytes));
}

} // namespace

edgeml_chain::Span edgeml_chain::span_of(std::uint32_t first_stage, std::uint32_t stage_count) const {
    if (first_stage >= stages.size() || stage_count > stages.size() - first_stage)
        reject("stages " + std::to_string(first_stage) + " + " + std::to_string(stage_count) + " of a chain with " +
               std::to_string(stages.size()));
    return {first_stage, stage_count == 0 ? stages.size() : std::size_t{first_stage} + stage_count};
}

edgeml_run_result edgeml_chain::run(const edgeml_run_desc &desc) {
    std::uint64_t begin = nanoseconds();
    auto [start, end] = span_of(desc.first_stage, desc.stage_count);
    if (desc.flags != 0)
        reject("run flags " + std::to_string(desc.flags) + " are unknown");
    if (desc.threshold_count > 0)
        require(desc.thresholds, "thresholds");
    if (desc.said_count > 0)
        require(desc.said, "said");
    if (desc.stage_ns != nullptr)
        std::fill_n(desc.stage_ns, desc.stage_ns_capacity, 0);
    const ChainStage &first = stages[start];
    const edgeml_buffer *own = first.input.get();
    const edgeml_buffer *given = desc.input != nullptr ? desc.input : own;
    check_holds(given, first.input_tensor.bytes, 1, "input");

    edgeml_run_result result = undecided();
    if (runner != nullptr) {
        result = {};
        runner->run(result, desc, given != own ? given->data : nullptr);
        result.total_ns = nanoseconds() - begin;
        return result;
    }
    result.cut = given->data;
    result.cut_bytes = first.input_tensor.bytes;

    std::uint64_t last_ns = begin;
    bool is_given = true; // what `own` holds is read from `given`
    Decider decider(rule, desc.thresholds, desc.threshold_count, result);
    decider.said = {desc.said, desc.said_count};
    for (std::size_t i = start; i < end && result.outcome == EDGEML_OUTCOME_CUT; ++i) {
        const ChainStage &stage = stages[i];
        std::uint32_t exit = stage.desc.exit_index;
        bool tries = stage.is_final() || decider.tries(exit);
        if (stage.is_side_head_alone() && !tries)
            continue;

        const edgeml_buffer *input = stage.input.get();
        stage.binding->read(is_given && input == own ? given->data : input->data);
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
            is_given &= stage.boundary.get() != own;
            result.cut = stage.boundary->data;
            result.cut_bytes = stage.boundary_tensor.bytes;
        }
        if (ran_through && tries)
            decider.answers(stage, scores_in(stage.logits.get()));
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

Binding &ChainStage::binding_of(std::uint32_t rows) {
    if (row_bindings.size() < rows)
        row_bindings.resize(rows);
    std::unique_ptr<Binding> &bound = row_bindings[rows - 1];
    if (bound == nullptr) {
        Network::Slot inputs[] = {{0, input->data}};
        bound = engine->network->bind(inputs, outputs, rows);
    }
    return *bound;
}

bool edgeml_chain::batches(Span span) const noexcept {
    if (runner != nullptr)
        return false;
    for (std::size_t i = span.first; i < span.end; ++i)
        if (!stages[i].engine->network->batches())
            return false;
    return true;
}

void edgeml_chain::check_rows(const edgeml_batch_desc &desc, Span span, bool together) const {
    const edgeml_row &one = desc.rows[0];
    for (const edgeml_row &row : std::span(desc.rows, desc.row_count)) {
        if (row.threshold_count > 0)
            require(row.thresholds, "thresholds of a row");
        if (!together)
            require(row.input, "input of a row, which engines without batches need");
        if (row.input != nullptr)
            check_holds(row.input, stages[span.first].input_tensor.bytes, 1, "input");
        for (std::uint32_t exit = 1; exit <= std::max(row.threshold_count, one.threshold_count); ++exit)
            if (rule.tries(exit, {row.thresholds, row.threshold_count}) !=
                rule.tries(exit, {one.thresholds, one.threshold_count}))
                reject("rows of a batch try exit " + std::to_string(exit) + " or do not, all alike");
    }
    for (std::size_t i = span.first; i < span.end; ++i) {
        const ChainStage &stage = stages[i];
        if (together)
            check_holds(stage.input.get(), stage.input_tensor.bytes, desc.row_count, "input");
        if (together && stage.boundary)
            check_holds(stage.boundary.get(), stage.boundary_tensor.bytes, desc.row_count, "boundary");
        if (stage.logits)
            check_holds(stage.logits.get(), stage.desc.classes * sizeof(float), desc.row_count, "logits");
        for (const ChainGate &gate : stage.gates)
            check_holds(gate.logits.get(), gate.desc.classes * sizeof(float), desc.row_count, "logits");
    }
}

void edgeml_chain::run_rows(const edgeml_batch_desc &desc) {
    std::uint64_t begin = nanoseconds();
    if (desc.row_count < 1 || desc.row_count > EDGEML_MAX_ROWS)
        reject(std::to_string(desc.row_count) + " rows, 1.." + std::to_string(EDGEML_MAX_ROWS) + " are possible");
    require(desc.rows, "rows");
    Span span = span_of(desc.first_stage, desc.stage_count);
    bool together = batches(span);
    check_rows(desc, span, together);
    row_results.assign(desc.row_count, undecided());
    if (together)
        run_together(desc, span);
    else
        run_apart(desc);
    for (edgeml_run_result &result : row_results)
        result.total_ns = nanoseconds() - begin;
}

// Rows that an exit answers leave; the others move up, so that the next stage runs on them alone.
void edgeml_chain::run_together(const edgeml_batch_desc &desc, Span span) {
    const edgeml_buffer *trunk = stages[span.first].input.get();
    std::uint64_t row_bytes = stages[span.first].input_tensor.bytes;
    rows_left_.resize(desc.row_count);
    for (std::uint32_t row = 0; row < desc.row_count; ++row) {
        rows_left_[row] = row;
        if (const edgeml_buffer *input = desc.rows[row].input)
            std::memcpy(trunk->data + row * row_bytes, input->data, row_bytes);
    }
    const edgeml_row &one = desc.rows[0];
    for (std::size_t i = span.first; i < span.end && !rows_left_.empty(); ++i) {
        ChainStage &stage = stages[i];
        std::uint32_t exit = stage.desc.exit_index, classes = stage.desc.classes;
        bool tries = stage.is_final() || (exit >= 1 && rule.tries(exit, {one.thresholds, one.threshold_count}));
        if (stage.is_side_head_alone() && !tries)
            continue;
        stage.binding_of(static_cast<std::uint32_t>(rows_left_.size())).run();
        if (stage.boundary) {
            trunk = stage.boundary.get();
            row_bytes = stage.boundary_tensor.bytes;
        }
        std::size_t stay = 0;
        for (std::size_t place = 0; place < rows_left_.size(); ++place) {
            std::uint32_t row = rows_left_[place];
            edgeml_run_result &result = row_results[row];
            ++result.stages_run;
            result.last_stage = static_cast<std::uint32_t>(i);
            Decider decider(rule, desc.rows[row].thresholds, desc.rows[row].threshold_count, result);
            decider.said = said_of(desc, row);
            if (tries && decider.answers(stage, scores_in(stage.logits.get()) + place * classes)) {
                result.cut = nullptr; // whose place others take
                result.cut_bytes = 0;
                continue;
            }
            result.cut = trunk->data + stay * row_bytes;
            result.cut_bytes = row_bytes;
            if (stay != place)
                std::memcpy(trunk->data + stay * row_bytes, trunk->data + place * row_bytes, row_bytes);
            rows_left_[stay++] = row;
        }
        rows_left_.resize(stay);
    }
}

// The last row first: its logits go to their place after those of the others, the first row's stay where they are.
void edgeml_chain::run_apart(const edgeml_batch_desc &desc) {
    for (std::uint32_t row = desc.row_count; row-- > 0;) {
        edgeml_run_desc run{};
        run.struct_size = sizeof run;
        run.thresholds = desc.rows[row].thresholds;
        run.threshold_count = desc.rows[row].threshold_count;
        run.first_stage = desc.first_stage;
        run.stage_count = desc.stage_count;
        run.input = desc.rows[row].input;
        run.said = said_of(desc, row).data();
        run.said_count = static_cast<std::uint32_t>(said_of(desc, row).size());
        edgeml_run_result result = this->run(run);
        if (result.logits != nullptr && row > 0) {
            float *place = const_cast<float *>(result.logits) + row * result.logit_count;
            std::memcpy(place, result.logits, result.logit_count * sizeof(float));
            result.logits = place;
        }
        result.cut = nullptr; // which the next row overwrites
        result.cut_bytes = 0;
        row_results[row] = result;
    }
}
