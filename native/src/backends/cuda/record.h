// Messages between host and device through pinned memory: one control block, and the records of the exits.
//
// The host writes the control block, then launches. A kernel writes a record's payload, a fence for the whole system,
// and then `sequence` with a releasing store; the host reads `sequence` with acquire and then the payload. The sequence
// of a run is the one before plus one, so a record of an earlier run never passes for this one and nothing is ever
// cleared.
#pragma once

#include <cstdint>

namespace edgeml::cuda {

inline constexpr std::uint32_t record_exit_mask = 0xff;
inline constexpr std::uint32_t record_exited = 1u << 8;  // a side exit was sure enough
inline constexpr std::uint32_t record_invalid = 1u << 9; // NaN or +infinity among the logits
inline constexpr std::uint32_t record_final = 1u << 10;  // the final exit's answer
inline constexpr std::uint32_t record_cut = 1u << 11;    // the stages ended undecided; the cut tensor is complete

struct alignas(128) Record { // in its own cache line
    std::uint32_t sequence;  // written last; 0 is never used
    std::uint32_t exit_and_flags;
    std::int32_t label;
    float entropy;
    float confidence;
    float margin;
    std::uint64_t device_ns;
};

inline constexpr std::uint32_t most_exits = 17; // side exits and the final one
inline constexpr std::uint32_t most_stamps = 256;

struct alignas(128) Control {
    std::uint32_t sequence;
    std::uint32_t reserved;
    float thresholds[most_exits]; // by exit index - 1
};

// One chain's mapped memory.
struct Mailbox {
    Control control;
    Record answer;            // of the exit that ends a run, or of the cut
    Record exits[most_exits]; // by exit index - 1
    std::uint64_t stamps[most_stamps];
};

inline constexpr std::uint32_t logits_f32 = 1; // EDGEML_DTYPE_F32, F16, BF16
inline constexpr std::uint32_t logits_f16 = 2;
inline constexpr std::uint32_t logits_bf16 = 3;

// Parameter of edgeml_exit and edgeml_exit_conditional; addresses are the device's.
struct ExitArguments {
    std::uint64_t logits;
    std::uint64_t scores; // float; the logits as the caller reads them
    std::uint64_t mailbox;
    std::uint64_t handle; // of the condition that the rest of the graph hangs on; 0 in edgeml_exit
    std::uint32_t dtype;
    std::int32_t classes;
    std::uint32_t exit_index;
    std::uint32_t is_final;
};
static_assert(sizeof(ExitArguments) == 48);

// Parameter of edgeml_publish: the cut is reached, and everything before it in the stream is complete.
struct PublishArguments {
    std::uint64_t mailbox;
};

// Parameter of edgeml_stamp: the time to stamps[index].
struct StampArguments {
    std::uint64_t mailbox;
    std::uint64_t index;
};

} // namespace edgeml::cuda
