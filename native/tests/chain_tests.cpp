// Chains over tiny models: exits, cuts, skipped heads, validation, concurrency.
#include "check.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <thread>

using test::data;
using test::load;
using test::make;

namespace {

// unit -> head 1 -> final, as three stages; and the first two fused as another chain over the same buffers.
struct Fixture {
    edgeml_context *context = test::make_context();
    edgeml_engine *unit = load(context, "unit");
    edgeml_engine *head = load(context, "head");
    edgeml_engine *fused = load(context, "fused");
    edgeml_engine *last = load(context, "final");
    edgeml_buffer *x = test::make_buffer(context, 8);
    edgeml_buffer *features = test::make_buffer(context, 8);
    edgeml_buffer *scores = test::make_buffer(context, 3);
    edgeml_chain *steps = new_chain();
    edgeml_chain *ranges = new_chain();

    Fixture() {
        auto plain = make<edgeml_stage>();
        auto side = make<edgeml_stage>();
        side.exit_index = 1;
        side.classes = 3;
        auto both = side;
        both.logits_output = 1;
        auto answer = make<edgeml_stage>();
        answer.exit_index = 2;
        answer.classes = 3;
        answer.flags = EDGEML_STAGE_FINAL;
        REQUIRE(edgeml_chain_add(steps, unit, x, features, nullptr, &plain));
        REQUIRE(edgeml_chain_add(steps, head, features, nullptr, scores, &side));
        REQUIRE(edgeml_chain_add(steps, last, features, nullptr, scores, &answer));
        REQUIRE(edgeml_chain_add(ranges, fused, x, features, scores, &both));
        REQUIRE(edgeml_chain_add(ranges, last, features, nullptr, scores, &answer));
    }

    edgeml_chain *new_chain() {
        edgeml_chain *chain = nullptr;
        REQUIRE(edgeml_chain_create(&chain, context));
        return chain;
    }

    void set(float a, float b, float c) {
        float *to = data(x);
        std::memset(to, 0, 32);
        to[0] = a, to[1] = b, to[2] = c;
    }

    edgeml_run_result run(edgeml_chain *chain, std::vector<float> thresholds, std::uint32_t first = 0,
                          std::uint32_t count = 0, std::uint64_t *ns = nullptr) {
        auto desc = make<edgeml_run_desc>();
        desc.thresholds = thresholds.data();
        desc.threshold_count = static_cast<std::uint32_t>(thresholds.size());
        desc.first_stage = first;
        desc.stage_count = count;
        desc.stage_ns = ns;
        desc.stage_ns_capacity = ns != nullptr ? 3 : 0;
        auto result = make<edgeml_run_result>();
        EXPECT_STATUS(edgeml_chain_run(&result, chain, &desc), EDGEML_OK);
        return result;
    }

    // In the worst order: what others were made from goes first.
    ~Fixture() {
        edgeml_context_destroy(context);
        for (edgeml_engine *e : {unit, head, fused, last})
            edgeml_engine_destroy(e);
        for (edgeml_buffer *b : {x, features, scores})
            edgeml_buffer_destroy(b);
        edgeml_chain_destroy(steps);
        edgeml_chain_destroy(ranges);
    }
};

void a_sure_exit_answers() {
    Fixture f;
    for (edgeml_chain *chain : {f.steps, f.ranges}) {
        f.set(0, 20, 0);
        edgeml_run_result r = f.run(chain, {0.5f});
        EXPECT(r.outcome == EDGEML_OUTCOME_EXITED && r.exit_index == 1 && r.label == 1);
        EXPECT(r.entropy < 1e-6 && r.confidence > 0.999f && r.margin > 0.999f && r.flags == 0);
        EXPECT(r.exit_entropy[0] == r.entropy && r.exit_label[0] == 1);
        EXPECT(std::isnan(r.exit_entropy[1]) && r.exit_label[15] == -1);
        EXPECT(r.logits == data(f.scores) && r.logit_count == 3 && r.logits[1] == 40);
        EXPECT(r.cut == data(f.features) && r.cut_bytes == 32);
        EXPECT(r.total_ns > 0);
        EXPECT(r.stages_run == (chain == f.steps ? 2u : 1u) && r.last_stage == r.stages_run - 1);
    }
}

void an_unsure_exit_leaves_it_to_the_final_one() {
    Fixture f;
    for (edgeml_chain *chain : {f.steps, f.ranges}) {
        f.set(0.1f, 0, 0);
        edgeml_run_result r = f.run(chain, {0.5f});
        EXPECT(r.outcome == EDGEML_OUTCOME_FINAL && r.exit_index == 2 && r.label == 2);
        EXPECT(r.exit_entropy[0] > 0.9f && r.exit_label[0] == 0);
        EXPECT(r.logits[2] == 0.2f);
        f.set(0, 0, 0); // entropy 1 is not below 1
        EXPECT(f.run(chain, {1.0f}).outcome == EDGEML_OUTCOME_FINAL);
    }
}

void threshold_zero_never_exits_and_skips_a_lone_head() {
    Fixture f;
    f.set(0, 20, 0);
    edgeml_run_result r = f.run(f.steps, {0});
    EXPECT(r.outcome == EDGEML_OUTCOME_FINAL && r.stages_run == 2 && r.label == 1 && std::isnan(r.exit_entropy[0]));
    EXPECT(f.run(f.steps, {}).stages_run == 2); // no thresholds are zeros
    f.set(0, 200, 0);                           // as sure as can be: entropy 0 is below any threshold but 0
    EXPECT(f.run(f.steps, {1e-30f}).outcome == EDGEML_OUTCOME_EXITED);
    f.set(1, 1, 0);
    r = f.run(f.steps, {1e-30f}); // tried, never taken
    EXPECT(r.stages_run == 3 && r.outcome == EDGEML_OUTCOME_FINAL && !std::isnan(r.exit_entropy[0]));
    r = f.run(f.ranges, {0});
    EXPECT(r.outcome == EDGEML_OUTCOME_FINAL && r.stages_run == 2 && std::isnan(r.exit_entropy[0]));
}

void a_cut_stops_and_the_rest_can_follow() {
    Fixture f;
    f.set(0.3f, 0, 0.1f);
    edgeml_run_result whole = f.run(f.steps, {0.5f});
    std::vector<float> expected(whole.logits, whole.logits + 3);

    std::uint64_t ns[3] = {9, 9, 9};
    edgeml_run_result r = f.run(f.steps, {0.5f}, 0, 2, ns);
    EXPECT(r.outcome == EDGEML_OUTCOME_CUT && r.exit_index == 0 && r.label == -1 && std::isnan(r.entropy));
    EXPECT(r.logits == nullptr && r.logit_count == 0 && r.exit_label[0] == 0);
    EXPECT(r.cut == data(f.features) && r.cut_bytes == 32 && static_cast<float *>(r.cut)[0] == 0.6f);
    EXPECT(ns[0] > 0 && ns[1] > 0 && ns[2] == 0);
    r = f.run(f.steps, {0.5f}, 2, 1);
    EXPECT(r.outcome == EDGEML_OUTCOME_FINAL && std::equal(expected.begin(), expected.end(), r.logits));

    r = f.run(f.steps, {0}, 1, 1); // only a head that is not tried: nothing to do
    EXPECT(r.outcome == EDGEML_OUTCOME_CUT && r.stages_run == 0 && r.cut == data(f.features));

    auto desc = make<edgeml_run_desc>();
    auto result = make<edgeml_run_result>();
    desc.first_stage = 3;
    EXPECT_STATUS(edgeml_chain_run(&result, f.steps, &desc), EDGEML_E_INVALID_ARGUMENT);
    desc.first_stage = 1;
    desc.stage_count = 3;
    EXPECT_STATUS(edgeml_chain_run(&result, f.steps, &desc), EDGEML_E_INVALID_ARGUMENT);
    desc.stage_count = 0;
    desc.threshold_count = 1;
    EXPECT_STATUS(edgeml_chain_run(&result, f.steps, &desc), EDGEML_E_INVALID_ARGUMENT);
}

void invalid_logits_never_exit_and_are_flagged() {
    Fixture f;
    std::fill_n(data(f.features), 8, std::numeric_limits<float>::quiet_NaN());
    edgeml_run_result r = f.run(f.steps, {1}, 1, 1);
    EXPECT(r.outcome == EDGEML_OUTCOME_CUT && r.flags == EDGEML_RESULT_INVALID_LOGITS && std::isnan(r.exit_entropy[0]));
    r = f.run(f.steps, {1}, 1);
    EXPECT(r.outcome == EDGEML_OUTCOME_FINAL && r.flags == EDGEML_RESULT_INVALID_LOGITS && std::isnan(r.entropy));
}

// Numbers that are no class scores are handed out as they are, whatever they are.
void a_raw_answer_is_not_decided() {
    Fixture f;
    edgeml_chain *chain = f.new_chain();
    auto plain = make<edgeml_stage>();
    auto answer = make<edgeml_stage>();
    answer.exit_index = 1;
    answer.classes = 3;
    answer.flags = EDGEML_STAGE_FINAL | EDGEML_STAGE_RAW;
    REQUIRE(edgeml_chain_add(chain, f.unit, f.x, f.features, nullptr, &plain));
    REQUIRE(edgeml_chain_add(chain, f.last, f.features, nullptr, f.scores, &answer));
    f.set(0.1f, std::numeric_limits<float>::quiet_NaN(), 0);
    edgeml_run_result r = f.run(chain, {});
    EXPECT(r.outcome == EDGEML_OUTCOME_FINAL && r.exit_index == 1 && r.label == -1 && r.flags == 0);
    EXPECT(std::isnan(r.entropy) && std::isnan(r.confidence) && std::isnan(r.margin));
    EXPECT(r.logits == data(f.scores) && r.logit_count == 3 && r.stages_run == 2);
    EXPECT(std::any_of(r.logits, r.logits + 3, [](float x) { return std::isnan(x); }));
    answer.flags = EDGEML_STAGE_RAW; // a side exit is always a decision
    EXPECT_STATUS(edgeml_chain_add(chain, f.last, f.features, nullptr, f.scores, &answer), EDGEML_E_INVALID_ARGUMENT);
    edgeml_chain_destroy(chain);
}

void edges_are_checked() {
    Fixture f;
    edgeml_chain *chain = f.new_chain();
    auto stage = make<edgeml_stage>();
    edgeml_buffer *small = test::make_buffer(f.context, 7), *large = test::make_buffer(f.context, 100);
    auto add = [&](edgeml_engine *engine, edgeml_buffer *input, edgeml_buffer *boundary, edgeml_buffer *logits) {
        return edgeml_chain_add(chain, engine, input, boundary, logits, &stage);
    };
    EXPECT_STATUS(add(f.unit, small, f.features, nullptr), EDGEML_E_MISMATCH);
    EXPECT_STATUS(add(f.unit, f.x, small, nullptr), EDGEML_E_MISMATCH);
    EXPECT_STATUS(add(f.unit, f.x, f.x, nullptr), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(add(f.unit, f.x, nullptr, nullptr), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(add(f.unit, nullptr, f.features, nullptr), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(add(f.head, f.features, nullptr, f.scores), EDGEML_E_INVALID_ARGUMENT); // no exit index
    stage.exit_index = 1;
    EXPECT_STATUS(add(f.unit, f.x, f.features, nullptr), EDGEML_E_INVALID_ARGUMENT); // exit without logits
    stage.classes = 4;
    EXPECT_STATUS(add(f.head, f.features, nullptr, f.scores), EDGEML_E_MISMATCH);
    stage.classes = 3;
    stage.exit_index = 17; // only the final exit may follow sixteen others
    EXPECT_STATUS(add(f.head, f.features, nullptr, f.scores), EDGEML_E_INVALID_ARGUMENT);
    stage.exit_index = 1;
    stage.logits_output = 1;
    EXPECT_STATUS(add(f.head, f.features, nullptr, f.scores), EDGEML_E_INVALID_ARGUMENT);
    stage.logits_output = 0;
    stage.flags = 8;
    EXPECT_STATUS(add(f.head, f.features, nullptr, f.scores), EDGEML_E_INVALID_ARGUMENT);
    stage.flags = 0;
    stage.classes = 8;
    edgeml_engine *half = load(f.context, "half"), *two = load(f.context, "two_inputs");
    EXPECT_STATUS(add(half, f.x, nullptr, large), EDGEML_E_MISMATCH);
    EXPECT_STATUS(add(two, f.x, large, nullptr), EDGEML_E_UNSUPPORTED);
    stage = make<edgeml_stage>();
    EXPECT_STATUS(add(half, f.x, large, nullptr), EDGEML_OK);
    EXPECT_STATUS(add(f.unit, large, f.features, nullptr), EDGEML_E_MISMATCH); // 16 bytes of f16 read as 32 of f32
    edgeml_context *other = test::make_context();
    edgeml_engine *foreign = load(other, "unit");
    EXPECT_STATUS(add(foreign, f.x, f.features, nullptr), EDGEML_E_INVALID_ARGUMENT);
    auto desc = make<edgeml_run_desc>();
    auto result = make<edgeml_run_result>();
    edgeml_chain *empty = f.new_chain();
    EXPECT_STATUS(edgeml_chain_run(&result, empty, &desc), EDGEML_E_INVALID_ARGUMENT);
    for (edgeml_engine *e : {half, two, foreign})
        edgeml_engine_destroy(e);
    edgeml_buffer_destroy(small);
    edgeml_buffer_destroy(large);
    edgeml_chain_destroy(chain);
    edgeml_chain_destroy(empty);
    edgeml_context_destroy(other);
}

// Two exits and the final one after gates of one engine, with their own buffers.
struct Gated {
    edgeml_buffer *x, *scores, *exits[2];
    edgeml_chain *chain;

    Gated(Fixture &f, edgeml_engine *engine)
        : x(test::make_buffer(f.context, 8)),
          scores(test::make_buffer(f.context, 3)), exits{test::make_buffer(f.context, 3),
                                                         test::make_buffer(f.context, 3)},
          chain(f.new_chain()) {
        std::vector<edgeml_gate> gates = {{1, 3, 1, 0, exits[0]}, {2, 3, 2, 0, exits[1]}};
        edgeml_stage stage = answer(gates);
        REQUIRE(edgeml_chain_add(chain, engine, x, nullptr, scores, &stage));
    }
    ~Gated() {
        for (edgeml_buffer *b : {x, scores, exits[0], exits[1]})
            edgeml_buffer_destroy(b);
        edgeml_chain_destroy(chain);
    }
    static edgeml_stage answer(const std::vector<edgeml_gate> &gates) {
        auto stage = make<edgeml_stage>();
        stage.exit_index = 3;
        stage.classes = 3;
        stage.flags = EDGEML_STAGE_FINAL;
        stage.gates = gates.data();
        stage.gate_count = static_cast<std::uint32_t>(gates.size());
        return stage;
    }
};

void a_gate_ends_the_run_where_its_exit_is_taken() {
    Fixture f;
    edgeml_engine *engine = load(f.context, "gated");
    Gated g(f, engine);
    float *x = data(g.x), *scores = data(g.scores);
    x[0] = 20;
    for (int round = 0; round < 3; ++round) { // an ended run leaves nothing behind for the next
        scores[0] = -1;
        edgeml_run_result r = f.run(g.chain, {0.5f, 0.5f});
        EXPECT(r.outcome == EDGEML_OUTCOME_EXITED && r.exit_index == 1 && r.label == 0 && r.stages_run == 1);
        EXPECT(r.logits == data(g.exits[0]) && r.logits[0] == 40 && r.logit_count == 3);
        EXPECT(r.exit_entropy[0] < 1e-6 && r.exit_label[1] == -1 && scores[0] == -1); // nothing after it was run
        EXPECT(r.cut == x && r.cut_bytes == 32);

        r = f.run(g.chain, {0, 0.5f});
        EXPECT(r.exit_index == 2 && r.label == 2 && r.exit_label[0] == -1 && r.logits == data(g.exits[1]));
        EXPECT(scores[0] == -1);

        r = f.run(g.chain, {0});
        EXPECT(r.outcome == EDGEML_OUTCOME_FINAL && r.exit_index == 3 && r.label == 0 && scores[0] == 40);
    }
    x[1] = 20; // unsure between two
    edgeml_run_result r = f.run(g.chain, {1e-30f, 1e-30f});
    EXPECT(r.outcome == EDGEML_OUTCOME_FINAL && r.exit_label[0] == 0 && r.exit_label[1] == 1 &&
           r.exit_entropy[1] > 0.5f);
    std::fill_n(x, 8, std::numeric_limits<float>::quiet_NaN());
    r = f.run(g.chain, {1, 1});
    EXPECT(r.outcome == EDGEML_OUTCOME_FINAL && r.flags == EDGEML_RESULT_INVALID_LOGITS &&
           std::isnan(r.exit_entropy[1]));

    // An engine with gates run without a chain lets everything pass.
    std::vector<float> input(8, 0.5f);
    const void *inputs[] = {input.data()};
    std::uint64_t bytes[] = {32};
    edgeml_outputs *outputs = nullptr;
    EXPECT_STATUS(edgeml_outputs_create(&outputs, engine, inputs, bytes, 1), EDGEML_OK);
    const void *found = nullptr;
    auto info = make<edgeml_tensor_info>();
    EXPECT_STATUS(edgeml_outputs_get(&info, &found, outputs, 0), EDGEML_OK);
    EXPECT(found != nullptr && static_cast<const float *>(found)[0] == 1);
    edgeml_outputs_destroy(outputs);
    edgeml_engine_destroy(engine);
}

void gates_are_checked() {
    Fixture f;
    edgeml_engine *engine = load(f.context, "gated");
    edgeml_chain *chain = f.new_chain();
    edgeml_buffer *a = test::make_buffer(f.context, 3), *b = test::make_buffer(f.context, 3),
                  *small = test::make_buffer(f.context, 2);
    auto add = [&](edgeml_engine *of, std::vector<edgeml_gate> gates) {
        edgeml_stage stage = Gated::answer(gates);
        return edgeml_chain_add(chain, of, f.x, nullptr, f.scores, &stage);
    };
    EXPECT_STATUS(add(engine, {}), EDGEML_E_UNSUPPORTED);
    EXPECT_STATUS(add(f.last, {{1, 3, 0, 0, a}}), EDGEML_E_UNSUPPORTED);
    EXPECT_STATUS(add(engine, {{1, 3, 1, 0, nullptr}}), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(add(engine, {{1, 3, 1, 0, a}, {1, 3, 2, 0, b}}), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(add(engine, {{1, 3, 1, 0, a}, {2, 3, 2, 0, a}}), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(add(engine, {{1, 3, 1, 0, a}, {2, 3, 1, 0, b}}), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(add(engine, {{0, 3, 1, 0, a}}), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(add(engine, {{17, 3, 1, 0, a}}), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(add(engine, {{1, 4, 1, 0, a}}), EDGEML_E_MISMATCH);
    EXPECT_STATUS(add(engine, {{1, 3, 1, 0, small}}), EDGEML_E_MISMATCH);
    EXPECT_STATUS(add(engine, {{1, 3, 9, 0, a}}), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(add(engine, std::vector<edgeml_gate>(17, {1, 3, 1, 0, a})), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(add(engine, {{1, 3, 1, 0, a}, {2, 3, 2, 0, b}}), EDGEML_OK);
    for (edgeml_buffer *buffer : {a, b, small})
        edgeml_buffer_destroy(buffer);
    edgeml_chain_destroy(chain);
    edgeml_engine_destroy(engine);
}

// Ended and whole runs of one engine on several threads at once.
void gates_on_many_threads() {
    Fixture f;
    edgeml_engine *engine = load(f.context, "gated");
    std::vector<std::thread> workers;
    std::atomic<int> wrong = 0;
    for (int t = 0; t < 4; ++t)
        workers.emplace_back([&, t] {
            Gated g(f, engine);
            data(g.x)[t % 3] = 30;
            for (int i = 0; i < 2000; ++i) {
                std::uint32_t exit = 1 + static_cast<std::uint32_t>((i + t) % 3);
                edgeml_run_result r = f.run(g.chain, {exit == 1 ? 0.5f : 0, exit == 2 ? 0.5f : 0});
                wrong += r.exit_index != exit || r.label != (exit == 2 ? 2 - t % 3 : t % 3);
            }
        });
    for (std::thread &worker : workers)
        worker.join();
    EXPECT(wrong == 0);
    edgeml_engine_destroy(engine);
}

// Chains run in parallel over shared engines; one chain turns a second caller away and stays usable.
void threads() {
    Fixture f;
    std::vector<std::thread> workers;
    std::atomic<int> wrong = 0;
    for (int t = 0; t < 4; ++t)
        workers.emplace_back([&f, &wrong, t] {
            edgeml_buffer *x = test::make_buffer(f.context, 8), *scores = test::make_buffer(f.context, 3),
                          *features = test::make_buffer(f.context, 8);
            edgeml_chain *chain = f.new_chain();
            auto stage = make<edgeml_stage>();
            stage.exit_index = 1;
            stage.classes = 3;
            stage.logits_output = 1;
            REQUIRE(edgeml_chain_add(chain, f.fused, x, features, scores, &stage));
            data(x)[t % 3] = 30;
            for (int i = 0; i < 2000; ++i) {
                edgeml_run_result r = f.run(chain, {0.5f});
                wrong += r.outcome != EDGEML_OUTCOME_EXITED || r.label != t % 3;
            }
            edgeml_chain_destroy(chain);
            for (edgeml_buffer *b : {x, scores, features})
                edgeml_buffer_destroy(b);
        });
    for (std::thread &worker : workers)
        worker.join();
    EXPECT(wrong == 0);

    f.set(0, 20, 0);
    std::atomic<int> busy = 0, done = 0, other = 0;
    auto hammer = [&] {
        auto desc = make<edgeml_run_desc>();
        auto result = make<edgeml_run_result>();
        while (done < 5000 || (busy == 0 && done < 5000000)) {
            edgeml_status status = edgeml_chain_run(&result, f.steps, &desc);
            ++(status == EDGEML_OK ? done : status == EDGEML_E_BUSY ? busy : other);
        }
    };
    std::thread second(hammer);
    hammer();
    second.join();
    EXPECT(busy > 0 && other == 0);
    EXPECT(f.run(f.steps, {0.5f}).label == 1);
}

} // namespace

int main() {
    a_sure_exit_answers();
    an_unsure_exit_leaves_it_to_the_final_one();
    threshold_zero_never_exits_and_skips_a_lone_head();
    a_cut_stops_and_the_rest_can_follow();
    invalid_logits_never_exit_and_are_flagged();
    a_raw_answer_is_not_decided();
    edges_are_checked();
    a_gate_ends_the_run_where_its_exit_is_taken();
    gates_are_checked();
    gates_on_many_threads();
    threads();
    return test::finish("chain_tests");
}
