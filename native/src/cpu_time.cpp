#include "edgeml/edgeml.h"

#if defined(_WIN32)
#include <windows.h>
#else
#include <ctime>
#endif

extern "C" uint64_t edgeml_thread_cpu_ns(void) {
#if defined(_WIN32)
    FILETIME created, ended, kernel, user;
    if (!GetThreadTimes(GetCurrentThread(), &created, &ended, &kernel, &user))
        return 0;
    auto ticks = [](const FILETIME &time) {
        return static_cast<uint64_t>(time.dwHighDateTime) << 32 | time.dwLowDateTime;
    };
    return 100 * (ticks(kernel) + ticks(user));
#else
    std::timespec time{};
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) != 0)
        return 0;
    return static_cast<uint64_t>(time.tv_sec) * 1000000000u + static_cast<uint64_t>(time.tv_nsec);
#endif
}
