// A segment of known cost: writes 3 x + 1 for each element, then holds the device for `ns`. One block.
#include <cstdint>

extern "C" __attribute__((global)) void edgeml_standin(const float *in, float *out, std::uint64_t count,
                                                       std::uint64_t ns) {
    std::uint64_t begin, now;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(begin));
    for (std::uint64_t i = __nvvm_read_ptx_sreg_tid_x(); i < count; i += __nvvm_read_ptx_sreg_ntid_x())
        out[i] = 3 * in[i] + 1;
    do {
        asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
    } while (now - begin < ns);
}
