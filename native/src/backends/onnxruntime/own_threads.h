// Threads that compute one session alone.
#pragma once

#include "session_setup.h"

#include <string>

namespace edgeml::ort {

// Makes the threads of one session. ONNX Runtime's own would begin with the rounding and flushing of the thread that
// happens to make the session, and could not be put in their place.
class OwnThreads {
  public:
    explicit OwnThreads(const SessionSetup &setup) : setup_(setup) {}
    OwnThreads(const OwnThreads &) = delete;
    OwnThreads &operator=(const OwnThreads &) = delete;

    // Says which threads a session that is about to be made runs on. Keep this until it has been made.
    void choose(const Runtime &runtime, OrtSessionOptions *options);

    // Why a thread could not be made; empty where none failed.
    const std::string &fault() const noexcept { return fault_; }

  private:
    static OrtCustomThreadHandle make(void *own, OrtThreadWorkerFn work, void *parameter);
    static void join(OrtCustomThreadHandle thread);

    const SessionSetup &setup_;
    std::size_t made_ = 0;
    std::string fault_;
};

} // namespace edgeml::ort
