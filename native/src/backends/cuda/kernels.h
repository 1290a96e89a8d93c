// The arithmetic of the kernels that is the same on a device and in its double.
#pragma once

#include "backends/cuda/record.h"
#include "exit_decision/decision.h"

namespace edgeml::cuda {

EDGEML_HOST_DEVICE inline float float_of_f16(std::uint16_t bits) {
    std::uint32_t sign = (bits & 0x8000u) << 16;
    std::uint32_t magnitude = bits & 0x7fffu;
    if (magnitude >= 0x7c00u) // infinity, NaN
        return std::bit_cast<float>(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
    // Moves the exponent by 112 with a multiplication, which makes subnormals right too.
    float scaled = std::bit_cast<float>(magnitude << 13) * std::bit_cast<float>(0x77800000u);
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(scaled) | sign);
}

EDGEML_HOST_DEVICE inline float float_of_bf16(std::uint16_t bits) {
    return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

EDGEML_HOST_DEVICE inline float load_logit(const void *logits, std::uint32_t dtype, std::int32_t index) {
    if (dtype == logits_f32)
        return static_cast<const float *>(logits)[index];
    std::uint16_t bits = static_cast<const std::uint16_t *>(logits)[index];
    return dtype == logits_f16 ? float_of_f16(bits) : float_of_bf16(bits);
}

// All of a record but its sequence.
EDGEML_HOST_DEVICE inline Record record_of(const Decision &d, const ExitArguments &a, float threshold,
                                           std::uint64_t ns) {
    bool exits = a.is_final == 0 && takes_exit(d.entropy, threshold);
    Record r{};
    r.exit_and_flags = a.exit_index | (exits ? record_exited : 0u) | (d.invalid ? record_invalid : 0u) |
                       (a.is_final != 0 ? record_final : 0u);
    r.label = d.label;
    r.entropy = d.entropy;
    r.confidence = d.confidence;
    r.margin = d.margin;
    r.device_ns = ns;
    return r;
}

EDGEML_HOST_DEVICE inline Record record_of_cut(std::uint64_t ns) {
    Record r{};
    r.exit_and_flags = record_cut;
    r.label = -1;
    r.entropy = r.confidence = r.margin = std::numeric_limits<float>::quiet_NaN();
    r.device_ns = ns;
    return r;
}

EDGEML_HOST_DEVICE inline bool ends_run(const Record &record) {
    return (record.exit_and_flags & (record_exited | record_final)) != 0;
}

} // namespace edgeml::cuda
