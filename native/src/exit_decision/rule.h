// How sure an exit is, by the rule of its chain: 0..1, compared with the exit's threshold. On the host alone.
#pragma once

#include "edgeml/edgeml.h"
#include "exit_decision/decision.h"

#include <span>

namespace edgeml {

class ExitRule {
  public:
    ExitRule() = default; // the normalised entropy
    explicit ExitRule(const edgeml_exit_rule &desc);

    bool is_entropy() const noexcept { return kind_ == EDGEML_RULE_ENTROPY; }
    // Side exits that must be tried and agree, the one asked included.
    std::uint32_t patience() const noexcept { return patience_; }
    bool tries(std::uint32_t side_exit, std::span<const float> thresholds) const noexcept;

    // Whether the exits directly before this one, as many as the rule asks for, say the same; `label_of` is -1 where
    // that is not known.
    template <class LabelOf>
    bool agrees(std::uint32_t exit, std::int32_t label, const LabelOf &label_of) const noexcept {
        if (exit < patience_)
            return false;
        for (std::uint32_t other = exit - patience_ + 1; other < exit; ++other)
            if (label_of(other) != label)
                return false;
        return true;
    }

    // Of side exit `exit`; `agrees` as above.
    float of_side(std::uint32_t exit, const Decision &d, std::span<const float> logits, bool agrees) const noexcept;
    float of_final(const Decision &d, std::span<const float> logits) const noexcept;

  private:
    float built_in(const Decision &d, std::span<const float> logits) const noexcept;

    std::uint32_t kind_ = EDGEML_RULE_ENTROPY;
    std::uint32_t patience_ = 1;
    edgeml_uncertainty_fn uncertainty_ = nullptr;
    void *user_ = nullptr;
};

} // namespace edgeml
