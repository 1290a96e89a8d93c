// Device side of the exits, compiled to the PTX texts beside it by generate.sh (clang in CUDA mode, no CUDA toolkit).
// With EDGEML_CONDITIONAL the module holds the exit that sets a graph's condition, which older drivers cannot load.
#include "backends/cuda/kernels.h"

#define GLOBAL extern "C" __attribute__((global))
#define DEVICE __attribute__((device)) inline
#define SHARED __attribute__((shared))

using namespace edgeml;
using namespace edgeml::cuda;

namespace {

DEVICE std::uint64_t device_nanoseconds() {
    std::uint64_t ns;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(ns));
    return ns;
}

DEVICE float shift_down(float value, unsigned width) {
    return __nvvm_shfl_sync_down_f32(0xffffffffu, value, width, 0x1f);
}

DEVICE std::int32_t shift_down(std::int32_t value, unsigned width) {
    return __nvvm_shfl_sync_down_i32(0xffffffffu, value, width, 0x1f);
}

DEVICE Extremes shift_down(const Extremes &e, unsigned width) {
    Extremes other;
    other.first = shift_down(e.first, width);
    other.second = shift_down(e.second, width);
    other.label = shift_down(e.label, width);
    other.nan = shift_down(static_cast<std::int32_t>(e.nan), width) != 0;
    return other;
}

DEVICE Sums shift_down(const Sums &s, unsigned width) {
    Sums other;
    other.s = shift_down(s.s, width);
    other.t = shift_down(s.t, width);
    return other;
}

// Combines `value` of all lanes of the block; thread 0 gets the result.
template <class Part> DEVICE void combine_lanes(Part &value, Part *of_warps, unsigned lanes) {
    // Lanes beyond the warp shift in their own value: lane 0 never reads them.
    for (unsigned width = warp_lanes / 2; width > 0; width /= 2)
        value.combine(shift_down(value, width));
    if (lanes == warp_lanes)
        return;
    unsigned lane = __nvvm_read_ptx_sreg_tid_x();
    if (lane % warp_lanes == 0)
        of_warps[lane / warp_lanes] = value;
    __syncthreads();
    if (lane == 0) {
        for (unsigned width = lanes / warp_lanes / 2; width > 0; width /= 2)
            for (unsigned warp = 0; warp < width; ++warp)
                of_warps[warp].combine(of_warps[warp + width]);
        value = of_warps[0];
    }
}

DEVICE void write_payload(Record *to, const Record &from) {
    to->exit_and_flags = from.exit_and_flags;
    to->label = from.label;
    to->entropy = from.entropy;
    to->confidence = from.confidence;
    to->margin = from.margin;
    to->device_ns = from.device_ns;
}

DEVICE void release_sequence(Record *to, std::uint32_t sequence) {
    asm volatile("st.release.sys.global.u32 [%0], %1;" ::"l"(&to->sequence), "r"(sequence) : "memory");
}

// One block of lanes_for(classes) threads. Returns to thread 0 whether the run continues.
DEVICE bool decide_exit(const ExitArguments &a) {
    // Shared memory cannot have initialisers, so it is raw.
    alignas(8) SHARED static unsigned char extremes_memory[most_lanes / warp_lanes * sizeof(Extremes)];
    alignas(8) SHARED static unsigned char sums_memory[most_lanes / warp_lanes * sizeof(Sums)];
    SHARED static float shared_max;
    Mailbox *mailbox = reinterpret_cast<Mailbox *>(a.mailbox);
    const void *logits = reinterpret_cast<const void *>(a.logits);
    float *scores = reinterpret_cast<float *>(a.scores);
    std::int32_t lane = static_cast<std::int32_t>(__nvvm_read_ptx_sreg_tid_x());
    std::int32_t lanes = lanes_for(a.classes);
    // Read early: both cross the bus, while the logits come from the device.
    float threshold = mailbox->control.thresholds[a.exit_index - 1];
    std::uint32_t sequence = mailbox->control.sequence;

    Extremes extremes;
    for (std::int32_t i = lane; i < a.classes; i += lanes) {
        float x = load_logit(logits, a.dtype, i);
        scores[i] = x;
        extremes.add(x, i);
    }
    combine_lanes(extremes, reinterpret_cast<Extremes *>(extremes_memory), static_cast<unsigned>(lanes));
    if (lane == 0)
        shared_max = extremes.first;
    __syncthreads();
    Sums sums;
    for (std::int32_t i = lane; i < a.classes; i += lanes)
        sums.add(load_logit(logits, a.dtype, i), shared_max);
    combine_lanes(sums, reinterpret_cast<Sums *>(sums_memory), static_cast<unsigned>(lanes));

    asm volatile("fence.acq_rel.sys;" ::: "memory"); // every lane's scores
    __syncthreads();
    if (lane != 0)
        return false;
    Record record = record_of(conclude(extremes, sums, a.classes), a, threshold, device_nanoseconds());
    Record *own = &mailbox->exits[a.exit_index - 1];
    write_payload(own, record);
    if (ends_run(record))
        write_payload(&mailbox->answer, record);
    asm volatile("fence.acq_rel.sys;" ::: "memory");
    release_sequence(own, sequence);
    if (ends_run(record))
        release_sequence(&mailbox->answer, sequence);
    return !ends_run(record);
}

} // namespace

#if defined(EDGEML_CONDITIONAL)

// A builtin of the driver's, resolved when the module is loaded.
extern "C" __attribute__((device)) void cudaGraphSetConditional(unsigned long long handle, unsigned value);

GLOBAL void edgeml_exit_conditional(ExitArguments a) {
    bool goes_on = decide_exit(a);
    if (__nvvm_read_ptx_sreg_tid_x() == 0)
        cudaGraphSetConditional(a.handle, goes_on ? 1 : 0); // in both cases: the default only guards against a loss
}

#else

GLOBAL void edgeml_exit(ExitArguments a) {
    decide_exit(a);
}

GLOBAL void edgeml_publish(PublishArguments a) {
    Mailbox *mailbox = reinterpret_cast<Mailbox *>(a.mailbox);
    write_payload(&mailbox->answer, record_of_cut(device_nanoseconds()));
    asm volatile("fence.acq_rel.sys;" ::: "memory");
    release_sequence(&mailbox->answer, mailbox->control.sequence);
}

GLOBAL void edgeml_stamp(StampArguments a) {
    reinterpret_cast<Mailbox *>(a.mailbox)->stamps[a.index] = device_nanoseconds();
    asm volatile("fence.acq_rel.sys;" ::: "memory");
}

#endif
