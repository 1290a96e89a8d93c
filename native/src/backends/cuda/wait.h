// How the host waits for a device: with pauses that grow with the time waited, and never beyond a limit.
#pragma once

#include "backends/cuda/device.h"

#include <chrono>

namespace edgeml::cuda {

class Patience {
  public:
    // 0 milliseconds: no limit.
    Patience(const Device &device, std::uint32_t limit_ms) : device_(device), limit_(limit_ms) {}

    // Counts the time since the last call, a long gap as a short one: a process that was stopped, or a machine that
    // slept, has not waited. EDGEML_E_DEVICE_LOST at the limit; the device is given up then.
    void check();

    // Sleeps for about a thirtieth of the time waited, 20 µs to 500 µs. As check.
    void pause();

    std::chrono::nanoseconds waited() const noexcept { return waited_; } // as of the last check or pause

  private:
    using Clock = std::chrono::steady_clock;
    const Device &device_;
    const std::chrono::milliseconds limit_;
    Clock::time_point last_ = Clock::now();
    std::chrono::nanoseconds waited_{0};
};

// Returns when the stream has ended all of its work. Throws the error that ended it, or EDGEML_E_DEVICE_LOST at the
// limit.
void wait_until_idle(const Device &device, CUstream stream, std::uint32_t limit_ms);

} // namespace edgeml::cuda
