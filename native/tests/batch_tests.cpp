// Rows that run together, and inputs that are a run's own, over tiny models with an open batch.
#include "check.h"

#include <algorithm>
#include <cstring>
#include <limits>

using test::data;
using test::make;

namespace {

constexpr std::uint32_t most = 8;

// A model of batch 1 with the first dimension of its tensors left open: a shape of dim_value 1 and another dimension
// loses the value, in as many bytes.
std::vector<char> opened(const char *name) {
    std::vector<char> model = test::read_model(name);
    const char batch[] = {0x0a, 0x02, 0x08, 0x01, 0x0a};
    int found = 0;
    for (auto at = model.begin();
         (at = std::search(at, model.end(), std::begin(batch), std::end(batch))) != model.end();) {
        at[2] = 0x1a; // a denotation, empty
        at[3] = 0;
        ++found;
    }
    EXPECT(found >= 2);
    return model;
}

bool batches(const edgeml_engine *engine) {
    auto info = make<edgeml_engine_info>();
    EXPECT_STATUS(edgeml_engine_get_info(&info, engine), EDGEML_OK);
    return (info.flags & EDGEML_ENGINE_BATCHES) != 0;
}

// unit -> head 1 -> final, in steps and with the first two in one, for rows and one by one.
struct Fixture {
    edgeml_context *context = test::make_context();
    std::vector<edgeml_engine *> engines;
    std::vector<edgeml_buffer *> buffers;
    edgeml_buffer *x = buffer(8), *features = buffer(8), *exit = buffer(3), *scores = buffer(3);
    edgeml_chain *steps = chain(false, true), *ranges = chain(true, true), *single = chain(false, false);
    std::vector<edgeml_buffer *> inputs;

    Fixture() {
        for (std::uint32_t i = 0; i < most; ++i)
            inputs.push_back(buffer(8));
    }
    ~Fixture() {
        for (edgeml_chain *each : {steps, ranges, single})
            edgeml_chain_destroy(each);
        for (edgeml_engine *each : engines)
            edgeml_engine_destroy(each);
        for (edgeml_buffer *each : buffers)
            edgeml_buffer_destroy(each);
        edgeml_context_destroy(context);
    }

    edgeml_buffer *buffer(std::uint64_t floats) {
        buffers.push_back(test::make_buffer(context, most * floats));
        return buffers.back();
    }

    edgeml_engine *engine(const char *name, bool open) {
        edgeml_engine *made = nullptr;
        REQUIRE(test::load(&made, context, open ? opened(name) : test::read_model(name)));
        engines.push_back(made);
        EXPECT(batches(made) == open);
        return made;
    }

    edgeml_chain *chain(bool fused, bool open) {
        edgeml_chain *made = nullptr;
        REQUIRE(edgeml_chain_create(&made, context));
        auto plain = make<edgeml_stage>();
        auto side = make<edgeml_stage>();
        side.exit_index = 1;
        side.classes = 3;
        auto last = side;
        last.exit_index = 2;
        last.flags = EDGEML_STAGE_FINAL;
        if (fused) {
            side.logits_output = 1;
            REQUIRE(edgeml_chain_add(made, engine("fused", open), x, features, exit, &side));
        } else {
            REQUIRE(edgeml_chain_add(made, engine("unit", open), x, features, nullptr, &plain));
            REQUIRE(edgeml_chain_add(made, engine("head", open), features, nullptr, exit, &side));
        }
        REQUIRE(edgeml_chain_add(made, engine("final", open), features, nullptr, scores, &last));
        return made;
    }

    // Rows 0, 3, 6 .. are sure of a class at exit 1, the others are not; `invalid` has a NaN.
    void fill(std::uint32_t rows, std::uint32_t invalid = most) {
        for (std::uint32_t i = 0; i < rows; ++i) {
            float *to = data(inputs[i]);
            for (std::uint32_t k = 0; k < 8; ++k)
                to[k] = 0.01f * static_cast<float>(k + i);
            if (i % 3 == 0)
                to[i % 2] = 20;
            if (i == invalid)
                to[1] = std::numeric_limits<float>::quiet_NaN();
        }
    }

    edgeml_run_result alone(edgeml_chain *of, std::uint32_t row, float threshold, std::uint32_t stages = 0) {
        auto desc = make<edgeml_run_desc>();
        desc.thresholds = &threshold;
        desc.threshold_count = 1;
        desc.stage_count = stages;
        desc.input = inputs[row];
        auto result = make<edgeml_run_result>();
        EXPECT_STATUS(edgeml_chain_run(&result, of, &desc), EDGEML_OK);
        return result;
    }

    edgeml_status run(std::vector<edgeml_run_result> &results, edgeml_chain *of, std::vector<edgeml_row> &rows,
                      std::uint32_t stages = 0) {
        auto desc = make<edgeml_batch_desc>();
        desc.row_count = static_cast<std::uint32_t>(rows.size());
        desc.rows = rows.data();
        desc.stage_count = stages;
        results.assign(std::max<std::size_t>(rows.size(), 1), {});
        results[0].struct_size = sizeof results[0];
        return edgeml_chain_run_batch(results.data(), of, &desc);
    }
};

// Logits are copied out, because the next run overwrites them.
struct Answer {
    edgeml_run_result result;
    std::vector<float> logits;
    explicit Answer(const edgeml_run_result &of) : result(of), logits(of.logits, of.logits + of.logit_count) {}
    bool same(const edgeml_run_result &other) const {
        edgeml_run_result a = result, b = other;
        if (b.logit_count != logits.size() || std::memcmp(b.logits, logits.data(), logits.size() * sizeof(float)) != 0)
            return false;
        for (edgeml_run_result *each : {&a, &b}) {
            each->logits = nullptr;
            each->cut = nullptr;
            each->cut_bytes = each->total_ns = 0;
            each->stages_run = each->last_stage = 0; // fused or not
        }
        return std::memcmp(&a, &b, sizeof a) == 0;
    }
};

void rows_answer_as_they_do_alone() {
    Fixture f;
    for (std::uint32_t count = 1; count <= most; ++count)
        for (std::uint32_t invalid : {most, 1u, 0u}) {
            f.fill(count, invalid);
            std::vector<float> thresholds(count);
            std::vector<Answer> expected;
            for (std::uint32_t i = 0; i < count; ++i) {
                thresholds[i] = i == 6 ? 1e-30f : 0.5f; // each row has its own
                expected.emplace_back(f.alone(f.single, i, thresholds[i]));
                bool exits = i % 3 == 0 && i != 6 && i != invalid;
                EXPECT(expected[i].result.exit_index == (exits ? 1u : 2u));
                EXPECT(expected[i].result.flags == (i == invalid ? EDGEML_RESULT_INVALID_LOGITS : 0u));
            }
            for (edgeml_chain *chain : {f.steps, f.ranges, f.single}) {
                for (bool in_place : {false, true}) {
                    if (in_place && chain == f.single)
                        continue;
                    std::vector<edgeml_row> rows(count);
                    for (std::uint32_t i = 0; i < count; ++i) {
                        if (in_place)
                            std::memcpy(data(f.x) + 8 * i, data(f.inputs[i]), 32);
                        rows[i] = {in_place ? nullptr : f.inputs[i], &thresholds[i], 1, 0};
                    }
                    std::vector<edgeml_run_result> results;
                    EXPECT_STATUS(f.run(results, chain, rows), EDGEML_OK);
                    for (std::uint32_t i = 0; i < count; ++i)
                        EXPECT(expected[i].same(results[i]));
                }
            }
        }
}

void raw_rows_are_not_decided() {
    Fixture f;
    f.fill(4, 1);
    for (bool open : {true, false}) {
        edgeml_chain *chain = nullptr;
        REQUIRE(edgeml_chain_create(&chain, f.context));
        auto plain = make<edgeml_stage>();
        auto raw = make<edgeml_stage>();
        raw.exit_index = 1;
        raw.classes = 3;
        raw.flags = EDGEML_STAGE_FINAL | EDGEML_STAGE_RAW;
        REQUIRE(edgeml_chain_add(chain, f.engine("unit", open), f.x, f.features, nullptr, &plain));
        REQUIRE(edgeml_chain_add(chain, f.engine("final", open), f.features, nullptr, f.scores, &raw));
        std::vector<edgeml_row> rows;
        for (std::uint32_t i = 0; i < 4; ++i)
            rows.push_back({f.inputs[i], nullptr, 0, 0});
        std::vector<edgeml_run_result> results;
        EXPECT_STATUS(f.run(results, chain, rows), EDGEML_OK);
        std::vector<float> numbers(data(f.scores), data(f.scores) + 12);
        for (std::uint32_t i = 0; i < 4; ++i) {
            edgeml_run_result alone = f.alone(f.single, i, 0); // into the same buffer
            EXPECT(std::memcmp(alone.logits, numbers.data() + 3 * i, 3 * sizeof(float)) == 0);
            EXPECT(results[i].outcome == EDGEML_OUTCOME_FINAL && results[i].exit_index == 1 && results[i].flags == 0);
            EXPECT(results[i].label == -1 && std::isnan(results[i].entropy) && std::isnan(results[i].confidence));
            EXPECT(results[i].logits == data(f.scores) + 3 * i && results[i].logit_count == 3);
        }
        edgeml_chain_destroy(chain);
    }
}

void undecided_rows_move_up() {
    Fixture f;
    f.fill(5);
    std::vector<float> half(5, 0.5f);
    std::vector<edgeml_row> rows;
    for (std::uint32_t i = 0; i < 5; ++i)
        rows.push_back({f.inputs[i], &half[i], 1, 0});
    for (auto [chain, stages] : {std::pair(f.steps, 2u), std::pair(f.ranges, 1u)}) {
        std::vector<edgeml_run_result> results;
        EXPECT_STATUS(f.run(results, chain, rows, stages), EDGEML_OK);
        std::uint32_t place = 0;
        for (std::uint32_t i = 0; i < 5; ++i) {
            if (i % 3 == 0) {
                EXPECT(results[i].outcome == EDGEML_OUTCOME_EXITED && results[i].cut == nullptr);
                continue;
            }
            EXPECT(results[i].outcome == EDGEML_OUTCOME_CUT && results[i].cut_bytes == 32);
            EXPECT(results[i].cut == data(f.features) + 8 * place++);
            EXPECT(static_cast<float *>(results[i].cut)[2] == 2 * data(f.inputs[i])[2]);
        }
    }
}

void a_run_reads_an_input_of_its_own() {
    Fixture f;
    f.fill(3);
    std::memcpy(data(f.x), data(f.inputs[2]), 32);
    Answer first(f.alone(f.single, 0, 0.5f)), second(f.alone(f.single, 1, 0.5f));
    EXPECT(first.result.exit_index == 1 && second.result.exit_index == 2);
    auto desc = make<edgeml_run_desc>();
    auto result = make<edgeml_run_result>();
    EXPECT_STATUS(edgeml_chain_run(&result, f.single, &desc), EDGEML_OK); // its own again
    EXPECT(result.exit_index == 2 && result.logits[0] == 2 * data(f.inputs[2])[2]);
    desc.input = f.inputs[0];
    desc.stage_count = 1;
    EXPECT_STATUS(edgeml_chain_run(&result, f.steps, &desc), EDGEML_OK); // an engine with an open batch takes one row
    EXPECT(data(f.features)[0] == 40);
    desc.first_stage = 1; // only what the first stage reads is replaced
    desc.stage_count = 0;
    desc.input = f.inputs[1];
    EXPECT_STATUS(edgeml_chain_run(&result, f.single, &desc), EDGEML_OK);
    EXPECT(result.logits[2] == data(f.inputs[1])[0] && result.cut == data(f.inputs[1]));

    desc.struct_size = offsetof(edgeml_run_desc, input); // of an older caller
    desc.first_stage = 0;
    EXPECT_STATUS(edgeml_chain_run(&result, f.single, &desc), EDGEML_OK);
    EXPECT(result.logits[0] == 2 * data(f.inputs[2])[2]);
    edgeml_buffer *small = test::make_buffer(f.context, 7);
    desc = make<edgeml_run_desc>();
    desc.input = small;
    EXPECT_STATUS(edgeml_chain_run(&result, f.single, &desc), EDGEML_E_MISMATCH);
    edgeml_buffer_destroy(small);
}

void batches_are_checked() {
    Fixture f;
    f.fill(most);
    float some = 0.5f, none = 0;
    std::vector<edgeml_run_result> results;
    std::vector<edgeml_row> rows;
    EXPECT_FAILURE(f.run(results, f.steps, rows), EDGEML_E_INVALID_ARGUMENT, "0 rows");
    rows = {{f.inputs[0], &some, 1, 0}, {f.inputs[1], &none, 1, 0}};
    EXPECT_FAILURE(f.run(results, f.steps, rows), EDGEML_E_INVALID_ARGUMENT, "try exit 1");
    rows[1] = {f.inputs[1], nullptr, 1, 0};
    EXPECT_STATUS(f.run(results, f.steps, rows), EDGEML_E_INVALID_ARGUMENT);
    rows[1] = {nullptr, &some, 1, 0};
    EXPECT_FAILURE(f.run(results, f.single, rows), EDGEML_E_INVALID_ARGUMENT, "input of a row");
    EXPECT_STATUS(f.run(results, f.steps, rows), EDGEML_OK);
    rows.assign(most + 1, {f.inputs[0], &some, 1, 0});
    EXPECT_FAILURE(f.run(results, f.steps, rows), EDGEML_E_MISMATCH, "9 rows");
    EXPECT_FAILURE(f.run(results, f.single, rows), EDGEML_E_MISMATCH, "logits");
    rows.assign(EDGEML_MAX_ROWS + 1, {f.inputs[0], &some, 1, 0});
    EXPECT_STATUS(f.run(results, f.steps, rows), EDGEML_E_INVALID_ARGUMENT);
    rows.resize(1);
    EXPECT_STATUS(f.run(results, f.steps, rows, 9), EDGEML_E_INVALID_ARGUMENT);
}

// A range alone goes through the same sharing as ranges that are joined.
void a_single_range_is_made_as_joined_ones_are() {
    Fixture f;
    edgeml_weights *weights = nullptr;
    REQUIRE(edgeml_weights_create(&weights, f.context, nullptr, nullptr));
    std::vector<char> model = opened("conv");
    edgeml_range range{model.data(), model.size(), 0, 0};
    auto desc = make<edgeml_join_desc>();
    desc.range_count = 1;
    desc.ranges = &range;
    desc.copy_limit = 1 << 20;
    desc.optimization = EDGEML_OPTIMIZE_ALL;
    std::uint64_t copied = 0;
    for (int i = 0; i < 2; ++i) {
        edgeml_engine *engine = nullptr;
        EXPECT_STATUS(edgeml_engine_join(&engine, f.context, weights, &desc), EDGEML_OK);
        f.engines.push_back(engine);
        EXPECT(batches(engine));
        auto info = make<edgeml_weights_info>();
        EXPECT_STATUS(edgeml_weights_get_info(&info, weights), EDGEML_OK);
        EXPECT(i == 0 || info.copied_bytes == copied);
        copied = info.copied_bytes;
    }
    edgeml_engine *refused = nullptr;
    desc.optimization = EDGEML_OPTIMIZE_ALL + 1;
    EXPECT_STATUS(edgeml_engine_join(&refused, f.context, weights, &desc), EDGEML_E_INVALID_ARGUMENT);
    edgeml_weights_destroy(weights);
}

} // namespace

int main() {
    rows_answer_as_they_do_alone();
    raw_rows_are_not_decided();
    undecided_rows_move_up();
    a_run_reads_an_input_of_its_own();
    batches_are_checked();
    a_single_range_is_made_as_joined_ones_are();
    return test::finish("batch_tests");
}
