// Keeps how the calling thread rounds and whether it flushes small numbers to zero.
#pragma once

#include <cfenv>

namespace edgeml {

// The first session of a process sets flush-to-zero and denormals-are-zero on the thread that makes it, to off unless
// asked otherwise: a caller that had them on would have lost them.
class FloatState {
  public:
    FloatState() noexcept { std::fegetenv(&state_); }
    ~FloatState() { std::fesetenv(&state_); }
    FloatState(const FloatState &) = delete;
    FloatState &operator=(const FloatState &) = delete;

    // For threads of this library's own, which begin with the state of the thread that makes them.
    static void reset() noexcept { std::fesetenv(FE_DFL_ENV); }

  private:
    std::fenv_t state_;
};

} // namespace edgeml
