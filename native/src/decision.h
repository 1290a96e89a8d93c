// The decision of an exit, one source for host and device: logits in, normalised entropy and label out.
//
//   d_i = x_i - max x,  S = sum e^d_i,  T = sum d_i e^d_i,  entropy = (ln S - T / S) / ln C,  p(label) = 1 / S
//
// No division and no logarithm per class, and the textbook sum of p ln p, which is not finite for large logits, never
// appears. Work is split over lanes (elements lane, lane + lanes, ...) and combined, on a device by threads of a warp,
// on the host by independent accumulators, which also keeps the rounding error of the sums small.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#if defined(__CUDACC__)
#define EDGEML_HOST_DEVICE __host__ __device__
#else
#define EDGEML_HOST_DEVICE
#endif

namespace edgeml {

struct Decision {
    float entropy;    // 0..1; NaN when invalid
    float confidence; // NaN when invalid
    float margin;     // NaN when invalid
    std::int32_t label;
    bool invalid;
};

// The two largest values so far. NaN is never largest; the lowest index wins ties.
struct Extremes {
    float first = -std::numeric_limits<float>::infinity();
    float second = -std::numeric_limits<float>::infinity();
    std::int32_t label = std::numeric_limits<std::int32_t>::max(); // nothing seen
    bool nan = false;

    EDGEML_HOST_DEVICE void add(float x, std::int32_t index) {
        nan |= x != x;
        bool leads = x > first || (x == first && index < label);
        second = leads ? first : (x > second ? x : second);
        first = leads ? x : first;
        label = leads ? index : label;
    }

    EDGEML_HOST_DEVICE void combine(const Extremes &other) {
        bool leads = other.first > first || (other.first == first && other.label < label);
        float loser = leads ? first : other.first;
        float runner_up = leads ? other.second : second;
        second = loser > runner_up ? loser : runner_up;
        first = leads ? other.first : first;
        label = leads ? other.label : label;
        nan |= other.nan;
    }
};

struct Sums {
    float s = 0;
    float t = 0;

    EDGEML_HOST_DEVICE void add(float x, float max) {
        float d = x - max;
        float e = std::exp(d);
        s += e;
        t += e > 0 ? d * e : 0; // minus infinity contributes nothing; 0 * infinity would be NaN
    }

    EDGEML_HOST_DEVICE void combine(const Sums &other) {
        s += other.s;
        t += other.t;
    }
};

EDGEML_HOST_DEVICE inline Decision conclude(const Extremes &extremes, const Sums &sums, std::int32_t count) {
    Decision d{};
    // With NaN only, or nothing above minus infinity, there is no softmax to speak of.
    d.invalid = extremes.nan || !(std::fabs(extremes.first) <= std::numeric_limits<float>::max());
    d.label = extremes.label < count ? extremes.label : 0;
    if (d.invalid) {
        d.entropy = d.confidence = d.margin = std::numeric_limits<float>::quiet_NaN();
        return d;
    }
    d.confidence = 1 / sums.s;
    d.margin = count < 2 ? 1 : (1 - std::exp(extremes.second - extremes.first)) / sums.s;
    if (count >= 2) {
        float h = (std::log(sums.s) - sums.t / sums.s) / std::log(static_cast<float>(count));
        d.entropy = h < 0 ? 0.0f : h > 1 ? 1.0f : h;
    }
    return d;
}

// The whole decision on one thread; count is at least 1.
EDGEML_HOST_DEVICE inline Decision decide(const float *logits, std::int32_t count) {
    constexpr std::int32_t lanes = 8;
    Extremes extremes;
    for (std::int32_t i = 0; i < count; ++i)
        extremes.add(logits[i], i);
    Sums sums[lanes];
    for (std::int32_t i = 0; i < count; ++i)
        sums[i % lanes].add(logits[i], extremes.first);
    for (std::int32_t width = lanes / 2; width > 0; width /= 2)
        for (std::int32_t i = 0; i < width; ++i)
            sums[i].combine(sums[i + width]);
    return conclude(extremes, sums[0], count);
}

// Strict, and false for NaN on either side: an invalid decision never exits, neither does threshold 0.
EDGEML_HOST_DEVICE inline bool takes_exit(float entropy, float threshold) {
    return entropy < threshold;
}

} // namespace edgeml
