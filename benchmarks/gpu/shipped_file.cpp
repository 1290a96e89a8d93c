// The file itself, put into the program by the assembler: SHIPPED_MODEL names it.
#include "shipped_model.h"

__asm__(".section .rodata\n"
        ".balign 16\n"
        "bench_shipped_begin:\n"
        ".incbin \"" SHIPPED_MODEL "\"\n"
        "bench_shipped_end:\n"
        ".byte 0\n"
        ".previous\n");

extern "C" const std::byte bench_shipped_begin[] __attribute__((visibility("hidden")));
extern "C" const std::byte bench_shipped_end[] __attribute__((visibility("hidden")));

namespace bench {

std::span<const std::byte> shipped_file() {
    return {bench_shipped_begin, bench_shipped_end};
}

} // namespace bench
