// Exit rules: against their definitions in double precision, in chains and in batches.
#include "check.h"

#include "exit_decision/rule.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>

using namespace edgeml;
using test::data;
using test::make;

namespace {

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

edgeml_exit_rule desc_of(std::uint32_t kind, std::uint32_t patience = 0) {
    auto desc = make<edgeml_exit_rule>();
    desc.kind = kind;
    desc.patience = patience;
    return desc;
}

float uncertainty(std::uint32_t kind, const std::vector<float> &logits) {
    Decision d = decide(logits.data(), static_cast<std::int32_t>(logits.size()));
    ExitRule rule(desc_of(kind, kind == EDGEML_RULE_PATIENCE ? 2 : 0));
    float u = rule.of_side(1, d, logits, true), last = rule.of_final(d, logits);
    EXPECT(std::memcmp(&u, &last, sizeof u) == 0);
    return u;
}

// By exact arithmetic, with 40 digits, outside of this program.
void known_vectors() {
    struct Vector {
        std::vector<float> logits;
        double max_probability, margin;
    };
    const Vector vectors[] = {
#include "golden/rules.inc"
    };
    for (const Vector &v : vectors) {
        EXPECT_NEAR(uncertainty(EDGEML_RULE_MAX_PROBABILITY, v.logits), v.max_probability,
                    1e-6 * v.max_probability + 1e-37);
        EXPECT_NEAR(uncertainty(EDGEML_RULE_MARGIN, v.logits), v.margin, 1e-6 * v.margin + 1e-37);
    }
}

void random_logits_match_the_definitions() {
    constexpr unsigned seed = 20261130;
    std::printf("seed %u\n", seed);
    std::mt19937 random(seed);
    for (std::size_t count : {2, 3, 10, 100, 1000})
        for (float scale : {0.01f, 1.0f, 10.0f, 60.0f})
            for (int draw = 0; draw < 40; ++draw) {
                std::normal_distribution<float> normal(0, scale);
                std::vector<float> x(count);
                std::generate(x.begin(), x.end(), [&] { return normal(random); });
                std::vector<float> sorted = x;
                std::sort(sorted.begin(), sorted.end(), std::greater<>());
                double sum = 0, c = static_cast<double>(count);
                for (std::size_t i = sorted.size(); i-- > 0;)
                    sum += std::exp(double(sorted[i]) - sorted[0]);
                double p1 = 1 / sum, p2 = std::exp(double(sorted[1]) - sorted[0]) / sum;
                float most = uncertainty(EDGEML_RULE_MAX_PROBABILITY, x), margin = uncertainty(EDGEML_RULE_MARGIN, x);
                EXPECT_NEAR(most, (1 - p1) * c / (c - 1), 1e-6);
                EXPECT_NEAR(margin, 1 - (p1 - p2), 1e-6);
                EXPECT(most >= 0 && most <= 1 && margin >= 0 && margin <= 1);
                // Two classes leave one degree of freedom: both are twice the smaller probability.
                EXPECT(count > 2 || std::fabs(most - margin) <= 1e-6f * margin);
                // Bit for bit what chains without a rule compare.
                Decision d = decide(x.data(), static_cast<std::int32_t>(count));
                float entropy = uncertainty(EDGEML_RULE_ENTROPY, x), patience = uncertainty(EDGEML_RULE_PATIENCE, x);
                EXPECT(std::memcmp(&entropy, &d.entropy, sizeof entropy) == 0);
                EXPECT(std::memcmp(&patience, &d.entropy, sizeof entropy) == 0);
            }
}

void edge_cases() {
    for (std::uint32_t kind : {EDGEML_RULE_ENTROPY, EDGEML_RULE_MAX_PROBABILITY, EDGEML_RULE_MARGIN}) {
        EXPECT(uncertainty(kind, {3.5f}) == 0);
        EXPECT(uncertainty(kind, {0, 1000, 0}) == 0);
        EXPECT_NEAR(uncertainty(kind, {4, 4, 4, 4}), 1, 1e-6);
        EXPECT(std::isnan(uncertainty(kind, {1, nan_value, 3})));
        EXPECT(std::isnan(uncertainty(kind, {1, std::numeric_limits<float>::infinity()})));
    }
    EXPECT(uncertainty(EDGEML_RULE_MARGIN, {5, 5, 0}) == 1);
    // What 1 - p would round to 0 keeps its order.
    float sure = uncertainty(EDGEML_RULE_MAX_PROBABILITY, {0, 30}),
          surer = uncertainty(EDGEML_RULE_MAX_PROBABILITY, {0, 40});
    EXPECT(0 < surer && surer < sure && sure < 1e-12f);
    Decision d = decide(std::vector<float>{1, 2}.data(), 2);
    std::vector<float> logits{1, 2};
    EXPECT(ExitRule(desc_of(EDGEML_RULE_PATIENCE, 2)).of_side(2, d, logits, false) == 1);
}

// unit -> head 1, head 2, head 3 -> final: heads that say the same, so that `said` alone can disagree.
struct Fixture {
    edgeml_context *context = test::make_context();
    edgeml_engine *unit = test::load(context, "unit"), *head = test::load(context, "head"),
                  *last = test::load(context, "final");
    edgeml_buffer *x = test::make_buffer(context, 16), *features = test::make_buffer(context, 16);
    std::vector<edgeml_buffer *> scores;
    edgeml_chain *chain = nullptr;

    Fixture() {
        REQUIRE(edgeml_chain_create(&chain, context));
        auto stage = make<edgeml_stage>();
        REQUIRE(edgeml_chain_add(chain, unit, x, features, nullptr, &stage));
        stage.classes = 3;
        for (std::uint32_t exit = 1; exit <= 4; ++exit) {
            scores.push_back(test::make_buffer(context, 8));
            stage.exit_index = exit;
            stage.flags = exit == 4 ? EDGEML_STAGE_FINAL : 0;
            REQUIRE(edgeml_chain_add(chain, exit == 4 ? last : head, features, nullptr, scores.back(), &stage));
        }
    }
    ~Fixture() {
        edgeml_chain_destroy(chain);
        for (edgeml_engine *e : {unit, head, last})
            edgeml_engine_destroy(e);
        scores.insert(scores.end(), {x, features});
        for (edgeml_buffer *b : scores)
            edgeml_buffer_destroy(b);
        edgeml_context_destroy(context);
    }

    void set(const edgeml_exit_rule &rule) { EXPECT_STATUS(edgeml_chain_set_rule(chain, &rule), EDGEML_OK); }

    void input(float a, float b, float c) {
        std::memset(data(x), 0, 32);
        data(x)[0] = a, data(x)[1] = b, data(x)[2] = c;
    }

    edgeml_run_result run(std::vector<float> thresholds, std::vector<std::int32_t> said = {}, std::uint32_t first = 0) {
        auto desc = make<edgeml_run_desc>();
        desc.thresholds = thresholds.data();
        desc.threshold_count = static_cast<std::uint32_t>(thresholds.size());
        desc.first_stage = first;
        desc.said = said.data();
        desc.said_count = static_cast<std::uint32_t>(said.size());
        auto result = make<edgeml_run_result>();
        EXPECT_STATUS(edgeml_chain_run(&result, chain, &desc), EDGEML_OK);
        return result;
    }

    // The same as one row of a batch, which runs apart.
    edgeml_run_result row(std::vector<float> thresholds, std::vector<std::int32_t> said, std::uint32_t first) {
        edgeml_row row{};
        row.input = first == 0 ? x : features;
        row.thresholds = thresholds.data();
        row.threshold_count = static_cast<std::uint32_t>(thresholds.size());
        auto desc = make<edgeml_batch_desc>();
        desc.rows = &row;
        desc.row_count = 1;
        desc.first_stage = first;
        said.resize(EDGEML_MAX_EXITS, -1);
        desc.said = said.data();
        auto result = make<edgeml_run_result>();
        EXPECT_STATUS(edgeml_chain_run_batch(&result, chain, &desc), EDGEML_OK);
        return result;
    }
};

void chains_follow_their_rule() {
    Fixture f;
    f.input(0.5f, 0.2f, 0);
    for (std::uint32_t kind : {EDGEML_RULE_ENTROPY, EDGEML_RULE_MAX_PROBABILITY, EDGEML_RULE_MARGIN}) {
        f.set(desc_of(kind));
        f.run({1, 0, 0});
        float u = uncertainty(kind, {data(f.scores[0]), data(f.scores[0]) + 3});
        edgeml_run_result above = f.run({std::nextafter(u, 2.0f), 0, 0}), at = f.run({u, 0, 0});
        EXPECT(above.exit_index == 1 && above.entropy == u && above.exit_entropy[0] == u);
        EXPECT(at.exit_index == 4 && at.exit_entropy[0] == u);
        EXPECT(at.entropy == uncertainty(kind, {at.logits, at.logits + 3}));
    }
}

void patience_waits_for_agreement() {
    Fixture f;
    f.input(0, 20, 0); // every head is sure of class 1
    f.set(desc_of(EDGEML_RULE_PATIENCE, 2));
    edgeml_run_result r = f.run({0.5f, 0.5f, 0.5f});
    EXPECT(r.exit_index == 2 && r.exit_entropy[0] == 1 && r.exit_entropy[1] < 1e-6f);
    r = f.run({0, 0, 0.5f}); // exit 2 is tried for exit 3's sake, and cannot answer
    EXPECT(r.exit_index == 3 && r.exit_label[0] == -1 && r.exit_label[1] == 1 && r.exit_entropy[1] == 1);
    EXPECT(f.run({0, 0, 0}).exit_index == 4);
    f.set(desc_of(EDGEML_RULE_PATIENCE, 3));
    EXPECT(f.run({0.5f, 0.5f, 0.5f}).exit_index == 3);
    f.set(desc_of(EDGEML_RULE_PATIENCE, 4));
    EXPECT(f.run({1, 1, 1}).exit_index == 4);
    f.set(desc_of(EDGEML_RULE_PATIENCE, 1));
    EXPECT(f.run({0.5f, 0.5f, 0.5f}).exit_index == 1);

    // After exit 1: what it said comes with the run.
    f.set(desc_of(EDGEML_RULE_PATIENCE, 2));
    for (bool batch : {false, true}) {
        auto run = [&](std::vector<std::int32_t> said) {
            return batch ? f.row({0.5f, 0.5f, 0.5f}, said, 2) : f.run({0.5f, 0.5f, 0.5f}, said, 2);
        };
        EXPECT(run({1}).exit_index == 2);
        EXPECT(run({2}).exit_index == 3);
        EXPECT(run({-1}).exit_index == 3);
        EXPECT(run({}).exit_index == 3);
    }

    f.input(0, nan_value, 0); // scores that are no numbers agree with nothing
    EXPECT(f.run({1, 1, 1}).exit_index == 4);
}

struct Asked {
    std::vector<std::uint32_t> exits;
    float answer = 0;
};

void a_custom_rule_is_asked() {
    Fixture f;
    Asked asked;
    auto desc = desc_of(EDGEML_RULE_CUSTOM);
    desc.user = &asked;
    desc.uncertainty = [](void *user, std::uint32_t exit, const float *output, std::uint64_t count) {
        Asked &asked = *static_cast<Asked *>(user);
        asked.exits.push_back(exit);
        EXPECT(count == 3 && output[1] == 40);
        return exit == 2 ? asked.answer : 1;
    };
    f.set(desc);
    f.input(0, 20, 0);
    edgeml_run_result r = f.run({0.5f, 0.5f, 0.5f});
    EXPECT(r.exit_index == 2 && r.entropy == 0 && (asked.exits == std::vector<std::uint32_t>{1, 2}));
    asked.answer = -7;
    EXPECT(f.run({0, 0.5f, 0}).exit_index == 2);
    for (float never : {0.5f, 7.0f, nan_value}) {
        asked.answer = never;
        r = f.run({0, 0.5f, 0});
        EXPECT(r.exit_index == 4 && r.flags == 0);
        EXPECT(r.entropy == uncertainty(EDGEML_RULE_ENTROPY, {r.logits, r.logits + 3}));
    }
    f.input(0, nan_value, 0);
    asked.exits.clear();
    EXPECT(f.run({1, 1, 1}).exit_index == 4 && asked.exits.empty());
}

void rules_are_checked() {
    Fixture f;
    auto unknown = desc_of(5), none = desc_of(EDGEML_RULE_PATIENCE, 0), far = desc_of(EDGEML_RULE_PATIENCE, 17);
    EXPECT_FAILURE(edgeml_chain_set_rule(f.chain, &unknown), EDGEML_E_INVALID_ARGUMENT, "exit rule 5 is unknown");
    EXPECT_FAILURE(edgeml_chain_set_rule(f.chain, &none), EDGEML_E_INVALID_ARGUMENT, "patience 0 is outside 1..16");
    EXPECT_FAILURE(edgeml_chain_set_rule(f.chain, &far), EDGEML_E_INVALID_ARGUMENT, "patience 17 is outside 1..16");
    auto custom = desc_of(EDGEML_RULE_CUSTOM);
    EXPECT_STATUS(edgeml_chain_set_rule(f.chain, &custom), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(edgeml_chain_set_rule(nullptr, &none), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(edgeml_chain_set_rule(f.chain, nullptr), EDGEML_E_INVALID_ARGUMENT);
    auto desc = make<edgeml_run_desc>();
    desc.said_count = 1;
    auto result = make<edgeml_run_result>();
    EXPECT_STATUS(edgeml_chain_run(&result, f.chain, &desc), EDGEML_E_INVALID_ARGUMENT);
}

} // namespace

int main() {
    known_vectors();
    random_logits_match_the_definitions();
    edge_cases();
    chains_follow_their_rule();
    patience_waits_for_agreement();
    a_custom_rule_is_asked();
    rules_are_checked();
    return test::finish("rule_tests");
}
