// Routes A, B and C against a chain on the host, bit by bit; plans, their cache, and what is copied.
#include "double.h"
#include "groups.h"

#include <cstring>

namespace test {

using namespace edgeml::cuda;

namespace {

ChainOptions on(Route route, Wait wait = Wait::hybrid) {
    ChainOptions options;
    options.route = route;
    options.wait = wait;
    return options;
}

void every_route_answers_as_the_host() {
    auto device = fake_device();
    Rig host(nullptr);
    int outcomes[4] = {};
    for (Route route : {Route::automatic, Route::device, Route::stages, Route::streams}) {
        Rig rig(device, on(route));
        for (std::uint32_t seed = 1; seed <= 12; ++seed)
            for (std::vector<float> thresholds :
                 {std::vector<float>{}, {0.5f}, {0.9f, 0.9f}, {0, 0.8f}, {1e-30f, 1e-30f}, {2, 2}, {0.7f, 0}})
                for (std::uint32_t first = 0; first < Rig::stages; ++first)
                    for (std::uint32_t count = 0; count <= Rig::stages - first; ++count) {
                        host.set_input(seed, static_cast<float>(seed));
                        rig.set_input(seed, static_cast<float>(seed));
                        for (std::size_t i = 1; i < rig.tensors.size(); ++i)
                            for (int k = 0; k < Dense::width; ++k)
                                data(rig.tensors[i])[k] = data(host.tensors[i])[k] = static_cast<float>(k) * 0.125f;
                        edgeml_run_result expected = host.run(thresholds, first, count);
                        edgeml_run_result got = rig.run(thresholds, first, count);
                        EXPECT(same(expected, got));
                        Route ran = route == Route::automatic ? Route::device : route;
                        EXPECT(got.stages_run == 0 || got.route == static_cast<std::uint32_t>(ran));
                        EXPECT(got.outcome == EDGEML_OUTCOME_CUT || got.cut == nullptr);
                        ++outcomes[got.outcome];
                    }
        EXPECT(rig.report().note.empty());
    }
    EXPECT(outcomes[EDGEML_OUTCOME_EXITED] > 100 && outcomes[EDGEML_OUTCOME_FINAL] > 100 &&
           outcomes[EDGEML_OUTCOME_CUT] > 100);
}

// The same with the kernels' text interpreted: conditions, records, stamps and cuts as a GPU would see them.
void the_text_of_the_kernels_answers_as_the_host() {
    faults("interpret");
    {
        auto device = fake_device();
        Rig host(nullptr);
        for (Route route : {Route::device, Route::stages, Route::streams}) {
            Rig rig(device, on(route));
            for (std::uint32_t seed = 1; seed <= 3; ++seed)
                for (std::uint32_t count : {0u, 3u, 5u}) {
                    host.set_input(seed, 2);
                    rig.set_input(seed, 2);
                    std::uint64_t ns[Rig::stages];
                    EXPECT(same(host.run({0.6f, 0.6f}, 0, count), rig.run({0.6f, 0.6f}, 0, count)));
                    rig.run({0.6f, 0.6f}, 0, count, ns);
                    EXPECT(ns[0] > 0);
                }
        }
    }
    faults("");
}

// Inputs of a run's own, and several that are run by one call, answer on every route as the host does one by one.
void rows_answer_as_the_host() {
    auto device = fake_device();
    Rig host(nullptr);
    for (Route route : {Route::device, Route::stages, Route::streams}) {
        Rig rig(device, on(route));
        std::vector<edgeml_buffer *> inputs;
        for (int i = 0; i < Rig::most_rows; ++i)
            inputs.push_back(new edgeml_buffer(rig.context, Dense::width * sizeof(float), 0));
        std::uint32_t outcomes[4] = {};
        for (std::uint32_t count = 1; count <= Rig::most_rows; ++count)
            for (std::uint32_t stages : {0u, 3u}) {
                std::vector<float> thresholds(2 * count);
                std::vector<edgeml_row> rows(count);
                for (std::uint32_t i = 0; i < count; ++i) {
                    host.set_input(10 * count + i, static_cast<float>(1 + i % 3));
                    std::memcpy(data(inputs[i]), data(host.tensors[0]), Dense::width * sizeof(float));
                    thresholds[2 * i] = 0.1f * static_cast<float>(1 + i);
                    thresholds[2 * i + 1] = 0.9f - 0.1f * static_cast<float>(i);
                    rows[i] = {inputs[i], &thresholds[2 * i], 2, 0};
                }
                auto desc = make<edgeml_batch_desc>();
                desc.row_count = count;
                desc.rows = rows.data();
                desc.stage_count = stages;
                std::vector<edgeml_run_result> results(count);
                results[0].struct_size = sizeof results[0];
                EXPECT_STATUS(edgeml_chain_run_batch(results.data(), rig.chain, &desc), EDGEML_OK);
                for (std::uint32_t i = 0; i < count; ++i) {
                    std::memcpy(data(host.tensors[0]), data(inputs[i]), Dense::width * sizeof(float));
                    edgeml_run_result expected = host.run({thresholds[2 * i], thresholds[2 * i + 1]}, 0, stages);
                    ++outcomes[expected.outcome];
                    EXPECT(results[i].exit_index == expected.exit_index && results[i].label == expected.label);
                    EXPECT(results[i].logit_count == expected.logit_count);
                    EXPECT(expected.logit_count == 0 ||
                           (std::memcmp(results[i].logits, expected.logits, Dense::classes * sizeof(float)) == 0 &&
                            results[i].entropy == expected.entropy));
                }
                auto run = make<edgeml_run_desc>();
                run.thresholds = thresholds.data();
                run.threshold_count = 2;
                run.stage_count = stages;
                run.input = inputs[count - 1];
                auto got = make<edgeml_run_result>();
                EXPECT_STATUS(edgeml_chain_run(&got, rig.chain, &run), EDGEML_OK);
                EXPECT(same(host.run({thresholds[0], thresholds[1]}, 0, stages), got));
            }
        EXPECT(outcomes[EDGEML_OUTCOME_EXITED] > 5 && outcomes[EDGEML_OUTCOME_FINAL] > 5 &&
               outcomes[EDGEML_OUTCOME_CUT] > 5);
        auto desc = make<edgeml_batch_desc>();
        edgeml_row bare{};
        desc.row_count = 1;
        desc.rows = &bare;
        auto result = make<edgeml_run_result>();
        EXPECT_STATUS(edgeml_chain_run_batch(&result, rig.chain, &desc), EDGEML_E_INVALID_ARGUMENT);
        for (edgeml_buffer *buffer : inputs)
            release(buffer);
    }
}

void thresholds_change_without_touching_a_graph() {
    auto device = fake_device();
    Rig rig(device);
    rig.set_input(3, 2);
    rig.run({0.5f, 0.5f});
    Chain::Report before = rig.report();
    edgeml_fake_cuda_counts counted = counts();
    std::uint32_t exits = 0;
    for (int i = 1; i <= 100; ++i)
        exits += rig.run({0.01f * static_cast<float>(i), 0.3f}).outcome == EDGEML_OUTCOME_EXITED;
    EXPECT(exits > 0 && exits < 100);
    EXPECT(rig.report().plans_built == before.plans_built && rig.report().captures == before.captures);
    EXPECT(counts().graph_launches == counted.graph_launches + 100); // one launch a run
    EXPECT(counts().graphs == counted.graphs && counts().execs == counted.execs);
}

void a_cut_takes_another_plan_and_few_are_kept() {
    auto device = fake_device();
    ChainOptions options;
    options.plans = 3;
    Rig rig(device, options);
    std::uint64_t idle = counts().execs;
    for (int round = 0; round < 2; ++round)
        for (std::uint32_t count = 1; count <= 6; ++count)
            rig.run({0.5f, 0.5f}, 0, count);
    EXPECT(rig.report().plans_built == 12 && counts().execs == idle + 3);
    EXPECT(rig.report().captures == 6); // a segment is captured once, plans are put together from that
    rig.run({0.5f, 0.5f}, 0, 5);
    rig.run({0.4f, 0.5f}, 0, 6);
    EXPECT(rig.report().plans_built == 12); // the latest three are there
}

void the_cut_is_copied_only_when_the_chain_gets_there() {
    auto device = fake_device();
    for (Route route : {Route::device, Route::stages, Route::streams}) {
        Rig rig(device, on(route));
        rig.set_input(1, 3);
        rig.run({1e-30f, 1e-30f}, 0, 5);
        std::uint64_t before = counts().copies;
        EXPECT(rig.run({1e-30f, 1e-30f}, 0, 5).outcome == EDGEML_OUTCOME_CUT);
        EXPECT(counts().copies == before + 2); // the input, the cut
        before = counts().copies;
        EXPECT(rig.run({2, 2}, 0, 5).outcome == EDGEML_OUTCOME_EXITED);
        EXPECT(counts().copies == before + 1); // the input
    }
}

void stages_are_timed() {
    auto device = fake_device();
    faults("slow_us=300");
    for (Route route : {Route::device, Route::stages, Route::streams}) {
        Rig rig(device, on(route));
        std::uint64_t ns[Rig::stages];
        edgeml_run_result r = rig.run({0, 1e-30f}, 0, 0, ns);
        EXPECT(r.outcome == EDGEML_OUTCOME_FINAL && r.total_ns > 1500000);
        EXPECT(ns[0] >= 300000 && ns[1] == 0 && ns[2] >= 300000 && ns[3] >= 600000 && ns[4] >= 300000 &&
               ns[5] >= 600000);
        r = rig.run({2, 2}, 0, 0, ns);
        EXPECT(r.exit_index == 1 && ns[0] >= 300000 && ns[1] >= 600000 && ns[2] == 0 && ns[5] == 0);
    }
    faults("");
}

void waiting_modes_agree() {
    auto device = fake_device();
    for (const char *fault : {"", "slow_us=400"}) {
        faults(fault);
        for (Wait wait : {Wait::hybrid, Wait::spin, Wait::block})
            for (Route route : {Route::device, Route::stages}) {
                ChainOptions options = on(route, wait);
                options.spin_us = 100;
                Rig rig(device, options), host(nullptr);
                rig.set_input(5, 2);
                host.set_input(5, 2);
                EXPECT(same(rig.run({0.6f, 0.6f}), host.run({0.6f, 0.6f})));
            }
    }
    faults("");
}

void narrow_logits_reach_the_host_as_floats() {
    auto device = fake_device();
    for (Route route : {Route::device, Route::stages, Route::streams}) {
        Rig rig(device, on(route), Habit::good, EDGEML_DTYPE_BF16);
        rig.set_input(7, 2);
        edgeml_run_result r = rig.run({0, 0});
        EXPECT(r.outcome == EDGEML_OUTCOME_FINAL && r.logit_count == Dense::classes);
        auto expected = make<edgeml_decision>();
        REQUIRE(edgeml_decide(&expected, r.logits, r.logit_count));
        EXPECT(expected.label == r.label && expected.entropy == r.entropy);
    }
}

void invalid_logits_never_exit() {
    auto device = fake_device();
    for (Route route : {Route::device, Route::stages, Route::streams}) {
        Rig rig(device, on(route)), host(nullptr);
        for (Rig *each : {&rig, &host})
            std::fill_n(data(each->tensors[0]), Dense::width, std::numeric_limits<float>::quiet_NaN());
        edgeml_run_result r = rig.run({2, 2});
        EXPECT(r.outcome == EDGEML_OUTCOME_FINAL && r.flags == EDGEML_RESULT_INVALID_LOGITS && std::isnan(r.entropy));
        EXPECT(host.run({2, 2}).label == r.label);
    }
}

// The library's own backend, as kernels: the same sessions give the same bits.
void onnxruntime_as_kernels() {
    auto desc = make<edgeml_context_desc>();
    std::shared_ptr<Backend> inner = make_onnxruntime(desc, nullptr);
    auto device = fake_device();
    for (Route route : {Route::device, Route::stages, Route::streams}) {
        edgeml_run_result results[2];
        std::vector<float> logits[2];
        for (float value : {20.0f, 0.1f})
            for (int side = 0; side < 2; ++side) {
                auto *context =
                    new edgeml_context(std::make_shared<DoubleBackend>(side == 0 ? nullptr : device, on(route), inner));
                edgeml_engine *fused = load(context, "fused"), *last = load(context, "final");
                edgeml_buffer *x = make_buffer(context, 8), *features = make_buffer(context, 8),
                              *scores = make_buffer(context, 3);
                edgeml_chain *chain = nullptr;
                REQUIRE(edgeml_chain_create(&chain, context));
                auto stage = make<edgeml_stage>();
                stage.exit_index = 1;
                stage.classes = 3;
                stage.logits_output = 1;
                REQUIRE(edgeml_chain_add(chain, fused, x, features, scores, &stage));
                stage.exit_index = 2;
                stage.logits_output = 0;
                stage.flags = EDGEML_STAGE_FINAL;
                REQUIRE(edgeml_chain_add(chain, last, features, nullptr, scores, &stage));
                data(x)[1] = value;
                auto run = make<edgeml_run_desc>();
                float threshold = 0.5f;
                run.thresholds = &threshold;
                run.threshold_count = 1;
                results[side] = make<edgeml_run_result>();
                REQUIRE(edgeml_chain_run(&results[side], chain, &run));
                logits[side].assign(results[side].logits, results[side].logits + 3);
                results[side].logits = nullptr;
                results[side].logit_count = 0;
                edgeml_chain_destroy(chain);
                for (edgeml_engine *engine : {fused, last})
                    edgeml_engine_destroy(engine);
                for (edgeml_buffer *buffer : {x, features, scores})
                    edgeml_buffer_destroy(buffer);
                edgeml_context_destroy(context);
                if (side == 1) {
                    EXPECT(same(results[0], results[1]) && logits[0] == logits[1]);
                    EXPECT(results[1].outcome == (value > 1 ? EDGEML_OUTCOME_EXITED : EDGEML_OUTCOME_FINAL));
                }
            }
    }
}

// A device decides by entropy; by another rule the host does, on the device's scores.
void other_rules_answer_as_the_host() {
    auto device = fake_device();
    Rig host(nullptr);
    int exited = 0;
    for (Route route : {Route::automatic, Route::stages, Route::streams}) {
        Rig rig(device, on(route));
        for (std::uint32_t kind : {EDGEML_RULE_MAX_PROBABILITY, EDGEML_RULE_MARGIN, EDGEML_RULE_PATIENCE,
                                   EDGEML_RULE_CUSTOM, EDGEML_RULE_ENTROPY}) {
            auto rule = make<edgeml_exit_rule>();
            rule.kind = kind;
            rule.patience = kind == EDGEML_RULE_PATIENCE ? 2 : 0;
            rule.uncertainty = [](void *, std::uint32_t exit, const float *output, std::uint64_t) {
                return output[exit] > 0 ? 0.25f : 0.75f;
            };
            EXPECT_STATUS(edgeml_chain_set_rule(host.chain, &rule), EDGEML_OK);
            EXPECT_STATUS(edgeml_chain_set_rule(rig.chain, &rule), EDGEML_OK);
            for (std::uint32_t seed = 1; seed <= 24; ++seed)
                for (std::vector<float> thresholds :
                     {std::vector<float>{}, {0.5f}, {0.9f, 0.9f}, {0, 0.8f}, {1e-30f, 1e-30f}, {1, 1}, {0.7f, 0}})
                    for (std::uint32_t count : {0u, 3u}) {
                        host.set_input(seed, static_cast<float>(seed % 5));
                        rig.set_input(seed, static_cast<float>(seed % 5));
                        edgeml_run_result expected = host.run(thresholds, 0, count),
                                          got = rig.run(thresholds, 0, count);
                        EXPECT(same(expected, got));
                        bool by_device = route == Route::automatic && kind == EDGEML_RULE_ENTROPY;
                        Route ran = by_device ? Route::device : route == Route::automatic ? Route::stages : route;
                        EXPECT(got.stages_run == 0 || got.route == static_cast<std::uint32_t>(ran));
                        exited += kind != EDGEML_RULE_ENTROPY && got.outcome == EDGEML_OUTCOME_EXITED;
                    }
        }
    }
    EXPECT(exited > 100);
    Rig rig(device, on(Route::device));
    auto rule = make<edgeml_exit_rule>();
    rule.kind = EDGEML_RULE_MARGIN;
    EXPECT_FAILURE(edgeml_chain_set_rule(rig.chain, &rule), EDGEML_E_UNSUPPORTED, "by entropy alone");
}

void one_run_keeps_every_output() {
    auto device = fake_device();
    DeviceDense network(device, Dense{2}, {true, true}, Habit::good);
    std::vector<float> x(Dense::width, 0.5f), y(Dense::width), z(Dense::classes);
    const void *inputs[] = {x.data()};
    std::unique_ptr<Outputs> outputs = network.run_once(inputs);
    Dense{2}.boundary(x.data(), y.data());
    Dense{2}.logits(x.data(), z.data());
    EXPECT(std::memcmp(outputs->entries()[0].data, y.data(), y.size() * sizeof(float)) == 0);
    EXPECT(std::memcmp(outputs->entries()[1].data, z.data(), z.size() * sizeof(float)) == 0);
}

} // namespace

void route_tests() {
    every_route_answers_as_the_host();
    the_text_of_the_kernels_answers_as_the_host();
    rows_answer_as_the_host();
    thresholds_change_without_touching_a_graph();
    a_cut_takes_another_plan_and_few_are_kept();
    the_cut_is_copied_only_when_the_chain_gets_there();
    stages_are_timed();
    waiting_modes_agree();
    narrow_logits_reach_the_host_as_floats();
    invalid_logits_never_exit();
    onnxruntime_as_kernels();
    other_rules_answer_as_the_host();
    one_run_keeps_every_output();
}

} // namespace test
