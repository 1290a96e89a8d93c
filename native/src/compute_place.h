// Processors and real-time priority of the threads that compute.
#pragma once

#include "edgeml/edgeml.h"

#include <memory>
#include <string>

#if defined(__linux__)
#include <sched.h>

#include <vector>
#endif

namespace edgeml {

// Any thread.
class ComputePlace {
  public:
    // Null where neither is asked for. Throws where they cannot be had; the calling thread tries them.
    static std::shared_ptr<const ComputePlace> make(const edgeml_context_desc &desc);

    // Puts the calling thread, one of `workers` own threads of an engine, in its place for good.
    // Empty, or the reason why it could not be put there.
    std::string take(std::size_t worker, std::size_t workers) const;

    // Puts the calling thread in the place of callers; the end gives it back what it had. Null does nothing. Throws
    // where the system refuses.
    class Stay {
      public:
        explicit Stay(const ComputePlace *place) : place_(place) {
            if (place_ != nullptr)
                enter();
        }
        ~Stay() {
            if (place_ != nullptr)
                leave();
        }
        Stay(const Stay &) = delete;
        Stay &operator=(const Stay &) = delete;

      private:
        void enter();
        void leave() noexcept;

        const ComputePlace *const place_;
#if defined(__linux__)
        cpu_set_t mask_;
        sched_param param_{};
        int policy_ = 0;
        bool has_mask_ = false; // these two say what leave takes back
        bool has_priority_ = false;
#endif
    };

  private:
#if defined(__linux__)
    explicit ComputePlace(const edgeml_context_desc &desc);

    std::vector<std::uint32_t> cores_; // empty for no choice
    cpu_set_t callers_;                // of these, those of callers
    int priority_;                     // 0 for none
#endif
};

} // namespace edgeml
