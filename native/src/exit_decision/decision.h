// The decision of an exit, one source for host and device: logits in, normalised entropy and label out.
//
//   d_i = x_i - max x,  S = sum e^d_i,  T = sum d_i e^d_i,  entropy = (ln S - T / S) / ln C,  p(label) = 1 / S
//
// No division and no logarithm per class, and the textbook sum of p ln p, which is not finite for large logits, never
// appears. Work is split over lanes (elements lane, lane + lanes, ...) and combined pairwise, on a device by threads.
//
// Host and device give the same bits: exp and log are the polynomials below, sums are taken in the order of the lanes
// on both, and nothing is contracted to a fused multiply-add (a call into libm on processors without one). Build with
// -ffp-contract=off.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#if defined(__CUDA__) || defined(__CUDACC__)
#define EDGEML_HOST_DEVICE __attribute__((host)) __attribute__((device))
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

// e^x for x <= 0, within 1 ulp; 0 below -87 (where it is not a normal number any more) and for NaN.
EDGEML_HOST_DEVICE inline float exp_nonpositive(float x) {
    if (!(x >= -87.0f))
        return 0;
    constexpr float shift = 12582912.0f; // 1.5 * 2^23: adding it rounds to an integer
    float n = (x * 1.44269504f + shift) - shift;
    float r = (x - n * 0.693359375f) - n * -2.12194440e-4f; // ln 2 in two parts; the first product is exact
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    float e = p * (r * r) + r + 1.0f;
    return e * std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
}

// ln x for normal x > 0, within 1 ulp.
EDGEML_HOST_DEVICE inline float log_positive(float x) {
    std::int32_t bits = std::bit_cast<std::int32_t>(x);
    std::int32_t exponent = (bits >> 23) - 126;
    float m = std::bit_cast<float>((bits & 0x007fffff) | 0x3f000000); // 0.5 <= m < 1
    if (m < 0.707106781f) {
        exponent -= 1;
        m = m + m;
    }
    m -= 1.0f;
    float p = 7.0376836292e-2f;
    p = p * m - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    float z = m * m;
    float e = static_cast<float>(exponent);
    float y = p * m * z + -2.12194440e-4f * e - 0.5f * z;
    return (m + y) + 0.693359375f * e;
}

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
        float e = exp_nonpositive(d);
        s += e;
        t += e > 0 ? d * e : 0; // minus infinity contributes nothing; 0 * infinity would be NaN
    }

    EDGEML_HOST_DEVICE void combine(const Sums &other) {
        s += other.s;
        t += other.t;
    }
};

EDGEML_HOST_DEVICE inline Decision conclude(const Extremes &extremes, const Sums &sums, std::int32_t count) {
    constexpr float largest = std::numeric_limits<float>::max();
    Decision d{};
    // With NaN only, or nothing above minus infinity, there is no softmax to speak of.
    d.invalid = extremes.nan || !(extremes.first >= -largest && extremes.first <= largest);
    d.label = extremes.label < count ? extremes.label : 0;
    if (d.invalid) {
        d.entropy = d.confidence = d.margin = std::numeric_limits<float>::quiet_NaN();
        return d;
    }
    d.confidence = 1 / sums.s;
    d.margin = count < 2 ? 1 : (1 - exp_nonpositive(extremes.second - extremes.first)) / sums.s;
    if (count >= 2) {
        float h = (log_positive(sums.s) - sums.t / sums.s) / log_positive(static_cast<float>(count));
        d.entropy = h < 0 ? 0.0f : h > 1 ? 1.0f : h;
    }
    return d;
}

inline constexpr std::int32_t warp_lanes = 32;
inline constexpr std::int32_t most_lanes = 256;

// Threads that share one decision on a device, and the order of the sums everywhere.
EDGEML_HOST_DEVICE constexpr std::int32_t lanes_for(std::int32_t count) {
    return count <= 1024 ? warp_lanes : most_lanes;
}

template <std::int32_t lanes, class Load> Decision decide_in(Load load, std::int32_t count) {
    const std::int32_t active = count < lanes ? count : lanes; // the others hold zeros, which change no sum
    Extremes extremes;
    for (std::int32_t i = 0; i < count; ++i)
        extremes.add(load(i), i);
    Sums sums[lanes];
    for (std::int32_t begin = 0; begin < count; begin += lanes)
        for (std::int32_t lane = 0; lane < lanes && begin + lane < count; ++lane)
            sums[lane].add(load(begin + lane), extremes.first);
    for (std::int32_t warp = 0; warp < active; warp += warp_lanes)
        for (std::int32_t width = warp_lanes / 2; width > 0; width /= 2)
            for (std::int32_t i = warp; i < warp + width && i + width < active; ++i)
                sums[i].combine(sums[i + width]);
    for (std::int32_t width = lanes / 2; width >= warp_lanes; width /= 2)
        for (std::int32_t i = 0; i < width && i + width < active; i += warp_lanes)
            sums[i].combine(sums[i + width]);
    return conclude(extremes, sums[0], count);
}

// The whole decision on one thread; count is at least 1. `load(i)` is logit i.
template <class Load> Decision decide_by(Load load, std::int32_t count) {
    return lanes_for(count) == warp_lanes ? decide_in<warp_lanes>(load, count) : decide_in<most_lanes>(load, count);
}

inline Decision decide(const float *logits, std::int32_t count) {
    return decide_by([logits](std::int32_t i) { return logits[i]; }, count);
}

// Strict, and false for NaN on either side: an invalid decision never exits, neither does threshold 0.
EDGEML_HOST_DEVICE inline bool takes_exit(float entropy, float threshold) {
    return entropy < threshold;
}

} // namespace edgeml
