// The decision against its definition in double precision, and its edge cases.
#include "check.h"

#include "exit_decision/decision.h"

#include <algorithm>
#include <limits>
#include <random>

using namespace edgeml;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

Decision of(std::vector<float> logits) {
    return decide(logits.data(), static_cast<std::int32_t>(logits.size()));
}

struct Reference {
    double entropy;
    double confidence;
    double margin;
    int label;
};

Reference reference(const std::vector<float> &x) {
    int label = static_cast<int>(std::max_element(x.begin(), x.end()) - x.begin());
    double max = x[static_cast<std::size_t>(label)], sum = 0, entropy = 0, second = 0;
    for (float v : x)
        sum += std::exp(double(v) - max);
    for (std::size_t i = 0; i < x.size(); ++i) {
        double p = std::exp(double(x[i]) - max) / sum;
        if (p > 0)
            entropy -= p * std::log(p);
        if (static_cast<int>(i) != label)
            second = std::max(second, p);
    }
    return {entropy / std::log(double(x.size())), 1 / sum, 1 / sum - second, label};
}

void random_logits_match_the_definition() {
    constexpr unsigned seed = 20240607;
    std::printf("seed %u\n", seed);
    std::mt19937 random(seed);
    double worst = 0;
    for (std::size_t count : {2, 3, 7, 8, 9, 10, 100, 1000, 4096})
        for (float scale : {0.01f, 0.1f, 1.0f, 10.0f, 100.0f})
            for (int draw = 0; draw < 40; ++draw) {
                std::normal_distribution<float> normal(0, scale);
                std::vector<float> x(count);
                std::generate(x.begin(), x.end(), [&] { return normal(random); });
                Decision d = of(x);
                Reference r = reference(x);
                worst = std::max(worst, std::fabs(d.entropy - r.entropy));
                EXPECT(!d.invalid);
                EXPECT(d.label == r.label);
                EXPECT(d.entropy >= 0 && d.entropy <= 1);
                EXPECT_NEAR(d.entropy, r.entropy, 1e-6);
                EXPECT_NEAR(d.confidence, r.confidence, 1e-6);
                EXPECT_NEAR(d.margin, r.margin, 2e-6);
            }
    std::printf("largest error of the entropy: %.2g\n", worst);
}

void edge_cases() {
    Decision one = of({3.5f});
    EXPECT(one.entropy == 0 && one.label == 0 && one.confidence == 1 && !one.invalid);
    EXPECT(of({nan_value}).invalid);

    Decision tie = of({1, 5, 5, 2});
    EXPECT(tie.label == 1);
    EXPECT(tie.margin == 0);
    Decision uniform = of({4, 4, 4, 4});
    EXPECT(uniform.label == 0);
    EXPECT_NEAR(uniform.entropy, 1, 1e-6);
    EXPECT(takes_exit(uniform.entropy, 1.0f) == (uniform.entropy < 1.0f));

    Decision sharp = of({0, 1000, 0});
    EXPECT(sharp.entropy == 0 && sharp.label == 1 && sharp.confidence == 1 && sharp.margin == 1);
    Decision huge = of({3e38f, -3e38f, 0});
    EXPECT(huge.entropy == 0 && huge.label == 0 && !huge.invalid);

    Decision masked = of({-inf, 2, -inf, 2});
    EXPECT(!masked.invalid && masked.label == 1);
    EXPECT_NEAR(masked.entropy, std::log(2.0) / std::log(4.0), 1e-6);
    Decision only = of({-inf, -inf, 0.5f});
    EXPECT(only.entropy == 0 && only.label == 2 && only.confidence == 1);

    for (std::vector<float> bad :
         {std::vector<float>{1, nan_value, 3}, {nan_value, 1, 3}, {1, 3, inf}, {-inf, -inf, -inf}}) {
        Decision d = of(bad);
        EXPECT(d.invalid && std::isnan(d.entropy) && std::isnan(d.confidence));
        EXPECT(!takes_exit(d.entropy, 1.0f));
    }
    EXPECT(of({1, nan_value, 3, 3}).label == 2);
    EXPECT(of({nan_value, nan_value}).label == 0);
    EXPECT(!takes_exit(0.0f, 0.0f));
    EXPECT(!takes_exit(0.5f, 0.5f));
    EXPECT(takes_exit(0.5f, 0.50001f));
    EXPECT(!takes_exit(0.5f, nan_value));
}

// A device splits the work over threads; the parts must combine to the same answer.
void lanes_combine_to_the_same_decision() {
    std::mt19937 random(99);
    std::normal_distribution<float> normal(0, 3);
    for (int count : {1, 2, 10, 31, 32, 33, 100}) {
        std::vector<float> x(static_cast<std::size_t>(count));
        std::generate(x.begin(), x.end(), [&] { return std::round(normal(random)); }); // rounding makes ties
        Extremes extremes[32];
        for (int i = 0; i < count; ++i)
            extremes[i % 32].add(x[static_cast<std::size_t>(i)], i);
        for (int width = 16; width > 0; width /= 2)
            for (int i = 0; i < width; ++i)
                extremes[i].combine(extremes[i + width]);
        Sums sums[32];
        for (int i = 0; i < count; ++i)
            sums[i % 32].add(x[static_cast<std::size_t>(i)], extremes[0].first);
        for (int width = 16; width > 0; width /= 2)
            for (int i = 0; i < width; ++i)
                sums[i].combine(sums[i + width]);
        Decision split = conclude(extremes[0], sums[0], count), whole = of(x);
        EXPECT(split.label == whole.label);
        EXPECT_NEAR(split.entropy, whole.entropy, 1e-6);
        EXPECT_NEAR(split.margin, whole.margin, 1e-6);
    }
}

void exported_function_says_the_same() {
    auto out = test::make<edgeml_decision>();
    const float logits[] = {1, 2, 4};
    EXPECT_STATUS(edgeml_decide(&out, logits, 3), EDGEML_OK);
    Decision d = of({1, 2, 4});
    EXPECT(out.label == 2 && out.entropy == d.entropy && out.confidence == d.confidence && out.flags == 0);
    const float bad[] = {1, nan_value};
    EXPECT_STATUS(edgeml_decide(&out, bad, 2), EDGEML_OK);
    EXPECT(out.flags == EDGEML_DECISION_INVALID && std::isnan(out.entropy));
    EXPECT_STATUS(edgeml_decide(&out, logits, 0), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(edgeml_decide(&out, nullptr, 3), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(edgeml_decide(nullptr, logits, 3), EDGEML_E_INVALID_ARGUMENT);
}

} // namespace

int main() {
    random_logits_match_the_definition();
    edge_cases();
    lanes_combine_to_the_same_decision();
    exported_function_says_the_same();
    return test::finish("decision_tests");
}
