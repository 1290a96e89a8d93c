#include "progress.h"

#include <algorithm>

namespace edgeml::trt {

namespace {
// Deeper nesting than TensorRT uses; also the end of a parent that is its own child.
constexpr int deepest = 8;
} // namespace

double Progress::fraction(const std::string &name, int depth) const {
    const Phase &phase = phases_.at(name);
    double running = 0;
    if (depth < deepest)
        for (const auto &[child, entry] : phases_)
            if (entry.parent == name && child != name)
                running = std::max(running, fraction(child, depth + 1));
    return std::min(1.0, (phase.done + std::min(running, 1.0)) / phase.steps);
}

void Progress::tell(const char *phase) {
    double sum = 0;
    for (const auto &[name, entry] : phases_)
        if (entry.parent.empty())
            sum = std::max(sum, fraction(name, 0));
    told_ = std::max(told_, sum);
    if (progress_(user_, told_, phase) != 0)
        cancelled_ = true;
}

void Progress::phaseStart(char const *name, char const *parent, int32_t steps) noexcept {
    try {
        std::lock_guard lock(gate_);
        phases_[name] = {parent == nullptr ? "" : parent, static_cast<double>(std::max(steps, 1)), 0};
        tell(name);
    } catch (...) {
        cancelled_ = true; // out of memory: the build will hardly do better
    }
}

bool Progress::stepComplete(char const *name, int32_t step) noexcept {
    try {
        std::lock_guard lock(gate_);
        auto phase = phases_.find(name);
        if (phase != phases_.end())
            phase->second.done = std::max(phase->second.done, std::min<double>(step + 1.0, phase->second.steps));
        tell(name);
        return !cancelled_;
    } catch (...) {
        return false;
    }
}

void Progress::phaseFinish(char const *name) noexcept {
    try {
        std::lock_guard lock(gate_);
        auto phase = phases_.find(name);
        if (phase == phases_.end())
            return;
        phase->second.done = phase->second.steps;
        tell(name);
        if (!phase->second.parent.empty())
            phases_.erase(phase); // its parent's step speaks for it from here on
    } catch (...) {
        cancelled_ = true;
    }
}

} // namespace edgeml::trt
