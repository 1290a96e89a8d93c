#include "rule.h"

#include "status.h"

namespace edgeml {

namespace {

float in_range(double u) {
    return u < 0 ? 0.0f : u > 1 ? 1.0f : static_cast<float>(u); // NaN stays NaN
}

struct Others {
    double sum;    // of the probabilities of all classes but the largest, over that of the largest
    double second; // the second largest probability, over the largest
};

// 1 - p1 would lose all digits where p1 is near 1, which is where exits are compared.
Others others(const Decision &d, std::span<const float> logits) {
    Others found{0, 0};
    const std::size_t label = static_cast<std::size_t>(d.label);
    for (std::size_t i = 0; i < logits.size(); ++i) {
        if (i == label)
            continue;
        double e = exp_nonpositive(logits[i] - logits[label]);
        found.sum += e;
        found.second = e > found.second ? e : found.second;
    }
    return found;
}

} // namespace

ExitRule::ExitRule(const edgeml_exit_rule &desc)
    : kind_(desc.kind), patience_(desc.kind == EDGEML_RULE_PATIENCE ? desc.patience : 1),
      uncertainty_(desc.uncertainty), user_(desc.user) {
    if (kind_ > EDGEML_RULE_CUSTOM)
        reject("exit rule " + std::to_string(kind_) + " is unknown");
    if (patience_ < 1 || patience_ > EDGEML_MAX_EXITS)
        reject("patience " + std::to_string(patience_) + " is outside 1.." + std::to_string(EDGEML_MAX_EXITS));
    if (kind_ == EDGEML_RULE_CUSTOM && uncertainty_ == nullptr)
        reject("a custom exit rule without its function");
}

bool ExitRule::tries(std::uint32_t side_exit, std::span<const float> thresholds) const noexcept {
    if (side_exit < 1) // a stage without one
        return false;
    for (std::size_t exit = side_exit; exit < side_exit + patience_ && exit <= thresholds.size(); ++exit)
        if (thresholds[exit - 1] > 0)
            return true;
    return false;
}

float ExitRule::of_side(std::uint32_t exit, const Decision &d, std::span<const float> logits,
                        bool agrees) const noexcept {
    if (d.invalid)
        return d.entropy;
    if (kind_ == EDGEML_RULE_CUSTOM)
        return in_range(uncertainty_(user_, exit, logits.data(), logits.size()));
    return agrees ? built_in(d, logits) : 1.0f;
}

float ExitRule::of_final(const Decision &d, std::span<const float> logits) const noexcept {
    return d.invalid ? d.entropy : built_in(d, logits);
}

float ExitRule::built_in(const Decision &d, std::span<const float> logits) const noexcept {
    if (kind_ != EDGEML_RULE_MAX_PROBABILITY && kind_ != EDGEML_RULE_MARGIN)
        return d.entropy;
    double count = static_cast<double>(logits.size());
    if (count < 2)
        return 0;
    Others rest = others(d, logits);
    if (kind_ == EDGEML_RULE_MAX_PROBABILITY)
        return in_range(rest.sum / (1 + rest.sum) * count / (count - 1));
    return in_range((rest.sum + rest.second) / (1 + rest.sum));
}

} // namespace edgeml
