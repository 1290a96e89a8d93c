// The arithmetic of the shipped model's layers, one source for the kernels, their double and the host: sums in one
// order, nothing contracted, so all three give the same bits. Plain loops: what a layer costs matters here, not how
// little.
#pragma once

#include <cstdint>

#if defined(__CUDA__) || defined(__CUDACC__)
#define BENCH_HOST_DEVICE __attribute__((host)) __attribute__((device))
#else
#define BENCH_HOST_DEVICE
#endif

namespace bench {

// Addresses are of float32 tensors, channels x height x width. A dense layer is a convolution over 1 x 1.
struct ConvArguments {
    std::uint64_t in, weights, bias, out;
    std::int32_t in_channels, in_height, in_width;
    std::int32_t out_channels, out_height, out_width;
    std::int32_t kernel, pad, stride;
    std::int32_t relu;
};
static_assert(sizeof(ConvArguments) == 72);

struct PoolArguments {
    std::uint64_t in, out;
    std::int32_t channels, in_height, in_width;
    std::int32_t out_height, out_width;
    std::int32_t kernel_height, kernel_width, stride;
    std::int32_t average; // 0: the maximum
    std::int32_t reserved;
};
static_assert(sizeof(PoolArguments) == 56);

// out = (in - subtracted) * factor
struct ScaleArguments {
    std::uint64_t in, out;
    std::int32_t count;
    float subtracted, factor;
    std::int32_t reserved;
};
static_assert(sizeof(ScaleArguments) == 32);

BENCH_HOST_DEVICE inline std::int32_t outputs_of(const ConvArguments &a) {
    return a.out_channels * a.out_height * a.out_width;
}

BENCH_HOST_DEVICE inline std::int32_t outputs_of(const PoolArguments &a) {
    return a.channels * a.out_height * a.out_width;
}

BENCH_HOST_DEVICE inline std::int32_t outputs_of(const ScaleArguments &a) {
    return a.count;
}

// One element of a layer's output.
BENCH_HOST_DEVICE inline float output_at(const ConvArguments &a, const float *in, const float *weights,
                                         const float *bias, std::int32_t index) {
    std::int32_t x = index % a.out_width, row = index / a.out_width;
    std::int32_t y = row % a.out_height, channel = row / a.out_height;
    const float *w = weights + channel * a.in_channels * a.kernel * a.kernel;
    float sum = bias[channel];
    for (std::int32_t c = 0; c < a.in_channels; ++c)
        for (std::int32_t ky = 0; ky < a.kernel; ++ky) {
            std::int32_t from_y = y * a.stride + ky - a.pad;
            if (from_y < 0 || from_y >= a.in_height)
                continue;
            for (std::int32_t kx = 0; kx < a.kernel; ++kx) {
                std::int32_t from_x = x * a.stride + kx - a.pad;
                if (from_x >= 0 && from_x < a.in_width)
                    sum +=
                        in[(c * a.in_height + from_y) * a.in_width + from_x] * w[(c * a.kernel + ky) * a.kernel + kx];
            }
        }
    return a.relu != 0 && sum < 0 ? 0.0f : sum;
}

BENCH_HOST_DEVICE inline float output_at(const PoolArguments &a, const float *in, std::int32_t index) {
    std::int32_t x = index % a.out_width, row = index / a.out_width;
    std::int32_t y = row % a.out_height, channel = row / a.out_height;
    const float *from = in + (channel * a.in_height + y * a.stride) * a.in_width + x * a.stride;
    float most = from[0], sum = 0;
    for (std::int32_t ky = 0; ky < a.kernel_height; ++ky)
        for (std::int32_t kx = 0; kx < a.kernel_width; ++kx) {
            float value = from[ky * a.in_width + kx];
            sum += value;
            most = value > most ? value : most;
        }
    return a.average != 0 ? sum * (1.0f / static_cast<float>(a.kernel_height * a.kernel_width)) : most;
}

BENCH_HOST_DEVICE inline float output_at(const ScaleArguments &a, const float *in, std::int32_t index) {
    return (in[index] - a.subtracted) * a.factor;
}

} // namespace bench
