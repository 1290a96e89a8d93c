#include "log_hub.h"

#include <algorithm>
#include <mutex>
#include <vector>

namespace edgeml::trt {

namespace {
struct Hub {
    std::mutex gate;
    std::vector<const LogReceiver *> receivers;
};

// Never destroyed: TensorRT may log until the process is gone.
Hub &hub() {
    static Hub *instance = new Hub;
    return *instance;
}
} // namespace

void log_to_all(void *, int32_t level, const char *text) noexcept {
    std::lock_guard lock(hub().gate);
    for (const LogReceiver *receiver : hub().receivers)
        receiver->log_(receiver->user_, level, text);
}

LogReceiver::LogReceiver(edgeml_log_fn log, void *user) : log_(log), user_(user) {
    if (log_ == nullptr)
        return;
    std::lock_guard lock(hub().gate);
    hub().receivers.push_back(this);
}

LogReceiver::~LogReceiver() {
    if (log_ == nullptr)
        return;
    std::lock_guard lock(hub().gate);
    auto &receivers = hub().receivers;
    receivers.erase(std::find(receivers.begin(), receivers.end(), this));
}

void LogReceiver::tell(int32_t level, const char *text) const {
    if (log_ == nullptr)
        return;
    std::lock_guard lock(hub().gate);
    log_(user_, level, text);
}

} // namespace edgeml::trt
