#include "backends/cuda/wait.h"

#include <algorithm>
#include <thread>

namespace edgeml::cuda {

namespace {

using Microseconds = std::chrono::microseconds;

constexpr int pause_share = 30;
constexpr Microseconds shortest_pause{20}, longest_pause{500};
constexpr std::chrono::milliseconds longest_gap{100};

} // namespace

void Patience::check() {
    auto now = Clock::now();
    waited_ += std::min<std::chrono::nanoseconds>(now - last_, longest_gap);
    last_ = now;
    if (limit_.count() > 0 && waited_ > limit_)
        device_.give_up("the device has not ended its work within " + std::to_string(limit_.count()) +
                        " ms (EDGEML_CUDA_LIMIT_MS)");
}

void Patience::pause() {
    check();
    auto share = std::chrono::duration_cast<Microseconds>(waited_ / pause_share);
    std::this_thread::sleep_for(std::clamp(share, shortest_pause, longest_pause));
}

void wait_until_idle(const Device &device, CUstream stream, std::uint32_t limit_ms) {
    for (Patience patience(device, limit_ms);;) {
        CUresult state = device.driver->stream_query(stream);
        if (state != cuda_not_ready)
            return device.driver->check(state, "cuStreamQuery");
        patience.pause();
    }
}

} // namespace edgeml::cuda
