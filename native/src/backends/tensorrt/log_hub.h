// TensorRT has one logger for the whole process; contexts that want its lines come and go.
#pragma once

#include "edgeml/edgeml.h"

namespace edgeml::trt {

// Receives the plug-ins' log, for the life of the process.
void log_to_all(void *unused, int32_t level, const char *text) noexcept;

// Gets every line while it lives; once it is gone its function is not called any more.
class LogReceiver {
  public:
    LogReceiver(edgeml_log_fn log, void *user);
    ~LogReceiver();
    LogReceiver(const LogReceiver &) = delete;
    LogReceiver &operator=(const LogReceiver &) = delete;

    void tell(int32_t level, const char *text) const;

  private:
    friend void log_to_all(void *, int32_t, const char *) noexcept;
    const edgeml_log_fn log_; // may be null
    void *const user_;
};

} // namespace edgeml::trt
